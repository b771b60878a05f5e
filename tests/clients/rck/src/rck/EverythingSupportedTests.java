package rck;

import org.apache.iceberg.catalog.Namespace;
import org.apache.iceberg.rest.RESTCatalog;
import org.apache.iceberg.rest.RESTCompatibilityKitCatalogTests;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The kit's catalog tests with the switches on that the kit fixes at "not supported" for its own fixture. */
public class EverythingSupportedTests extends RESTCompatibilityKitCatalogTests {
  private static final Namespace PARENT = Namespace.of("parent");

  private boolean listsBelowTheEmptyNamespace = false;

  // One of the tests of nested namespaces leaves this one behind, and another expects it absent.
  @AfterEach
  void dropParent() {
    RESTCatalog catalog = catalog();
    if (catalog.namespaceExists(PARENT)) {
      catalog.listNamespaces(PARENT).forEach(catalog::dropNamespace);
      catalog.dropNamespace(PARENT);
    }
  }

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
