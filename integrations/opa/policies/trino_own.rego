# What Trino has of its own: queries, the catalog `system`, and schemas that it puts into every catalog.
package trino

import data.configuration

is_admin if user in configuration.admins

# Reading, and finding what can be read.
readings := {
	"FilterColumns",
	"FilterSchemas",
	"FilterTables",
	"SelectFromColumns",
	"ShowColumns",
	"ShowTables",
}

# Everybody may ask queries and set what holds for oneself.
permits_of_trino(_) if operation in {"ExecuteQuery", "SetSystemSessionProperty"}

# Everybody may see and stop one's own queries, administrators those of all.
permits_of_trino(resource) if {
	operation in {"ViewQueryOwnedBy", "FilterViewQueryOwnedBy", "KillQueryOwnedBy"}
	resource.user.user == user
}

permits_of_trino(_) if {
	operation in {"ViewQueryOwnedBy", "FilterViewQueryOwnedBy", "KillQueryOwnedBy", "ReadSystemInformation"}
	is_admin
}

# Functions that come with Trino.
permits_of_trino(resource) if {
	operation in {"ExecuteFunction", "FilterFunctions", "CreateViewWithExecuteFunction"}
	resource.function.catalogName == "system"
}

permits_of_trino(resource) if {
	operation in {"AccessCatalog", "FilterCatalogs", "ShowSchemas"}
	resource.catalog.name == "system"
}

permits_of_trino(resource) if {
	operation in (readings | {"ShowFunctions"})
	resource.schema.catalogName == "system"
	is_open_schema(resource.schema.schemaName)
}

permits_of_trino(resource) if {
	operation in readings
	resource.table.catalogName == "system"
	is_open_table(resource.table)
}

is_open_schema(schema) if open_tables[schema]

is_open_schema("builtin")

is_open_schema(_) if is_admin

is_open_table(_) if is_admin

is_open_table(table) if table.schemaName == "jdbc"

is_open_table(table) if table.tableName in open_tables[table.schemaName]

# The rest of `system` tells of others, or of how the engine is set up.
open_tables := {
	"jdbc": set(),
	"information_schema": {"columns", "schemata", "tables", "views"},
	"metadata": {
		"analyze_properties",
		"catalogs",
		"column_properties",
		"materialized_views",
		"schema_properties",
		"table_comments",
		"table_properties",
	},
	# Trino shows one's own queries only; see `FilterViewQueryOwnedBy`.
	"runtime": {"queries"},
}

# Schemas that Trino puts into a catalog of Lakekeeper. Trino asks about what is listed in them, row by row.
engine_tables := {
	"information_schema": {"columns", "schemata", "tables", "views"},
	"system": {"iceberg_tables"},
}

is_of_engine(resource) if {
	resource.schema.schemaName
	engine_tables[resource.schema.schemaName]
}

is_of_engine(resource) if resource.table.tableName in engine_tables[resource.table.schemaName]
