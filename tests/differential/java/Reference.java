import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.HashMap;
import java.util.Map;
import org.apache.iceberg.MetadataUpdateParser;
import org.apache.iceberg.PartitionSpec;
import org.apache.iceberg.PartitionSpecParser;
import org.apache.iceberg.Schema;
import org.apache.iceberg.SchemaParser;
import org.apache.iceberg.SortOrder;
import org.apache.iceberg.SortOrderParser;
import org.apache.iceberg.TableMetadata;
import org.apache.iceberg.TableMetadataParser;
import org.apache.iceberg.UpdateRequirementParser;
import org.apache.iceberg.view.ViewMetadata;
import org.apache.iceberg.view.ViewMetadataParser;

/** The Java reference as a filter: one JSON request a line, one JSON answer a line, as the example `apply`. */
public class Reference {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  public static void main(String[] args) throws Exception {
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      ObjectNode answer = MAPPER.createObjectNode();
      try {
        JsonNode request = MAPPER.readTree(line);
        if (request.has("create")) {
          print(answer, create(request.get("create")), true);
        } else if (request.has("view")) {
          applyToView(answer, request);
        } else {
          apply(answer, request);
        }
      } catch (Exception error) {
        answer.removeAll();
        answer.put("error", error.getClass().getSimpleName() + ": " + error.getMessage());
      }
      System.out.println(MAPPER.writeValueAsString(answer));
    }
  }

  private static void print(ObjectNode answer, TableMetadata metadata, boolean changed)
      throws Exception {
    answer.put("changed", changed);
    answer.set("metadata", MAPPER.readTree(TableMetadataParser.toJson(metadata)));
  }

  private static TableMetadata create(JsonNode request) {
    Schema schema = SchemaParser.fromJson(request.get("schema"));
    PartitionSpec spec =
        request.has("partition-spec")
            ? PartitionSpecParser.fromJson(schema, request.get("partition-spec"))
            : PartitionSpec.unpartitioned();
    SortOrder order =
        request.has("write-order")
            ? SortOrderParser.fromJson(schema, request.get("write-order"))
            : SortOrder.unsorted();
    Map<String, String> properties = new HashMap<>();
    request.get("properties").properties().forEach(p -> properties.put(p.getKey(), p.getValue().asText()));
    TableMetadata metadata =
        TableMetadata.newTableMetadata(schema, spec, order, request.get("location").asText(), properties);
    return TableMetadata.buildFrom(metadata).assignUUID(request.get("uuid").asText()).discardChanges().build();
  }

  /** What the reference catalog does with a commit, without its retries. */
  private static void apply(ObjectNode answer, JsonNode request) throws Exception {
    TableMetadata base =
        TableMetadataParser.fromJson(request.get("previous").asText(), request.get("metadata"));
    request.get("requirements").forEach(r -> UpdateRequirementParser.fromJson(r).validate(base));
    TableMetadata.Builder builder = TableMetadata.buildFrom(base);
    request.get("updates").forEach(update -> MetadataUpdateParser.fromJson(update).applyTo(builder));
    TableMetadata updated = builder.build();
    boolean changed = !updated.changes().isEmpty();
    print(answer, changed ? updated : base, changed);
  }

  private static void applyToView(ObjectNode answer, JsonNode request) throws Exception {
    ViewMetadata base = ViewMetadataParser.fromJson(request.get("view").toString());
    ViewMetadata.Builder builder = ViewMetadata.buildFrom(base);
    request.get("view-updates").forEach(update -> MetadataUpdateParser.fromJson(update).applyTo(builder));
    ViewMetadata updated = builder.build();
    boolean changed = !updated.changes().isEmpty();
    answer.put("changed", changed);
    answer.set("metadata", MAPPER.readTree(ViewMetadataParser.toJson(changed ? updated : base)));
  }
}
