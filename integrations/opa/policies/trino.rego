# Answers Trino: `allow` for one thing, `batch` for the positions of those in a list that may be seen.
package trino

import data.configuration
import data.lakekeeper

default allow := false

user := input.context.identity.user

operation := input.action.operation

allow if permits(object.get(input.action, "resource", {}))

# Trino asks about lists of catalogs, schemas, tables, columns, queries and functions in one request.
batch contains i if {
	some i, resource in input.action.filterResources
	not is_list_of_columns
	permits(resource)
}

# The columns of one table: all or none.
batch contains i if {
	is_list_of_columns
	table := input.action.filterResources[0]
	permits(table)
	some i, _ in table.table.columns
}

is_list_of_columns if {
	operation == "FilterColumns"
	count(input.action.filterResources) == 1
	input.action.filterResources[0].table.columns
}

permits(resource) if permits_of_trino(resource)

permits(resource) if {
	configuration.allows_other_catalogs
	catalog := catalog_of(resource)
	catalog != "system"
	not configuration.catalogs[catalog]
}

# Names of Lakekeeper's warehouses that Trino makes itself need no more than the catalog.
permits(resource) if {
	configuration.catalogs[catalog_of(resource)]
	is_of_engine(resource)
	operation in readings
	about_catalog(catalog_of(resource), "get_config") in answers
}

permits(resource) if {
	configuration.catalogs[catalog_of(resource)]
	not is_of_engine(resource)
	some way in ways(operation, resource)
	satisfied(way)
	permits_target
}

permits_target if not input.action.targetResource

permits_target if {
	some way in target_ways
	satisfied(way)
}

satisfied(way) if {
	count(way) > 0
	every question in way { question in answers }
}

# All that is asked about this request, in one go.
answers := lakekeeper.allowed(user, questions)

questions := {question |
	some resource in resources
	configuration.catalogs[catalog_of(resource)]
	some question in questions_about(resource)
}

questions_about(resource) := {about_catalog(catalog_of(resource), "get_config")} if is_of_engine(resource)

questions_about(resource) := {question |
	some way in array.concat(ways(operation, resource), target_ways)
	some question in way
} if {
	not is_of_engine(resource)
}

resources := input.action.filterResources

resources := [input.action.resource] if not input.action.filterResources

catalog_of(resource) := resource.catalog.name

catalog_of(resource) := resource.schema.catalogName

catalog_of(resource) := resource.table.catalogName

catalog_of(resource) := resource.function.catalogName

schema_of(resource) := resource.schema.schemaName

schema_of(resource) := resource.table.schemaName
