package rck;

import org.apache.iceberg.rest.RESTCompatibilityKitCatalogTests;
import org.junit.jupiter.api.Test;

/** The kit's catalog tests with the switches on that the kit fixes at "not supported" for its own fixture. */
public class EverythingSupportedTests extends RESTCompatibilityKitCatalogTests {
  private boolean listsBelowTheEmptyNamespace = false;

  @Override
  protected boolean supportsNestedNamespaces() {
    return true;
  }

  @Override
  protected boolean supportsNamesWithSlashes() {
    return true;
  }

  @Override
  protected boolean supportsEmptyNamespace() {
    return listsBelowTheEmptyNamespace;
  }

  // The one test of the empty namespace that the Java client lets through to a server.
  @Override
  @Test
  public void listNamespacesWithEmptyNamespace() {
    listsBelowTheEmptyNamespace = true;
    super.listNamespacesWithEmptyNamespace();
  }

  // Disabled in the kit because its fixture cannot be configured per test; our default layout is unique.
  @Override
  @Test
  public void createTableInUniqueLocation() {
    super.createTableInUniqueLocation();
  }
}
