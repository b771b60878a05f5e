# What each of Trino's operations needs on a catalog that is a warehouse, as questions for Lakekeeper.
package trino

# An operation on a resource has one or more ways to be allowed, each a set of questions that must all be answered with yes.
# Trino does not say whether it means a table or a view, so that reading has two ways. No way: not allowed.

on_catalog := {
	"AccessCatalog": "get_config",
	"FilterCatalogs": "get_config",
	"SetCatalogSessionProperty": "get_config",
	"ShowSchemas": "list_namespaces",
}

on_schema := {
	"FilterSchemas": "get_metadata",
	"ShowCreateSchema": "get_metadata",
	"ShowFunctions": "get_metadata",
	"ShowTables": "get_metadata",
	"DropSchema": "delete",
}

on_table := {
	"DropTable": "drop",
	"RenameTable": "rename",
	"SetTableComment": "commit",
	"SetTableProperties": "commit",
	"SetColumnComment": "commit",
	"AddColumn": "commit",
	"AlterColumn": "commit",
	"DropColumn": "commit",
	"RenameColumn": "commit",
	"InsertIntoTable": "write_data",
	"DeleteFromTable": "write_data",
	"TruncateTable": "write_data",
	"UpdateTableColumns": "write_data",
	# `ALTER TABLE … EXECUTE`: optimize, expire_snapshots and their like.
	"ExecuteTableProcedure": "write_data",
}

on_view := {
	"DropView": "drop",
	"RenameView": "rename",
	"SetViewComment": "commit",
	"DropMaterializedView": "drop",
	"RenameMaterializedView": "rename",
	"SetMaterializedViewProperties": "commit",
	"RefreshMaterializedView": "commit",
}

on_table_or_view := {
	"FilterTables": {"table": "get_metadata", "view": "get_metadata"},
	"FilterColumns": {"table": "get_metadata", "view": "get_metadata"},
	"ShowColumns": {"table": "get_metadata", "view": "get_metadata"},
	"ShowCreateTable": {"table": "get_metadata", "view": "get_metadata"},
	"SelectFromColumns": {"table": "read_data", "view": "select"},
	"CreateViewWithSelectFromColumns": {"table": "read_data", "view": "select"},
}

in_schema := {
	"CreateTable": "create_table",
	"CreateView": "create_view",
	"CreateMaterializedView": "create_view",
}

ways(operation, resource) := [{about_catalog(resource.catalog.name, on_catalog[operation])}]

ways(operation, resource) := [{about_schema(resource.schema, on_schema[operation])}]

ways("CreateSchema", resource) := [{about_new_schema(resource.schema)}]

ways(operation, resource) := [{about_table(resource.table, on_table[operation])}] if not is_metadata_table(resource.table)

ways(operation, resource) := [{about_view(resource.table, on_view[operation])}] if not is_metadata_table(resource.table)

ways(operation, resource) := [{about_table(resource.table, actions.table)}, {about_view(resource.table, actions.view)}] if {
	actions := on_table_or_view[operation]
	not is_metadata_table(resource.table)
}

# `t$files` and its like tell of the data: least and greatest values, partitions.
ways(operation, resource) := [{about_table(object.union(resource.table, {"tableName": base}), actions.table)}] if {
	actions := on_table_or_view[operation]
	is_metadata_table(resource.table)
	base := split(resource.table.tableName, "$")[0]
}

ways(operation, resource) := [{about_new(resource.table, in_schema[operation])}] if not is_metadata_table(resource.table)

# A table that moves to another place needs the right to make it there.
default target_ways := []

target_ways := [{about_new(input.action.targetResource.table, "create_table")}] if input.action.operation == "RenameTable"

target_ways := [{about_new(input.action.targetResource.table, "create_view")}] if {
	input.action.operation in {"RenameView", "RenameMaterializedView"}
}

is_metadata_table(table) if contains(table.tableName, "$")

# Trino joins the levels of nested namespaces by dots.
levels(schema) := split(schema, ".")

about_catalog(catalog, action) := {"catalog": catalog, "warehouse": {"action": {"action": action}}}

about_schema(schema, action) := {
	"catalog": schema.catalogName,
	"namespace": {"namespace": levels(schema.schemaName), "action": {"action": action}},
}

about_new_schema(schema) := {
	"catalog": schema.catalogName,
	"warehouse": {"action": {"action": "create_namespace", "name": schema.schemaName}},
} if {
	count(levels(schema.schemaName)) == 1
}

about_new_schema(schema) := {
	"catalog": schema.catalogName,
	"namespace": {"namespace": parent, "action": {"action": "create_namespace", "name": path[last]}},
} if {
	path := levels(schema.schemaName)
	last := count(path) - 1
	last > 0
	parent := array.slice(path, 0, last)
}

about_new(table, action) := {
	"catalog": table.catalogName,
	"namespace": {"namespace": levels(table.schemaName), "action": {"action": action, "name": table.tableName}},
}

about_table(table, action) := {"catalog": table.catalogName, "table": named(table, action)}

about_view(table, action) := {"catalog": table.catalogName, "view": named(table, action)}

named(table, action) := {
	"namespace": levels(table.schemaName),
	"table": table.tableName,
	"action": {"action": action},
}
