# What Trino is answered, with a Lakekeeper that is played.
package trino_test

import data.fake
import data.trino

asked(operation, rest) := {
	"context": {"identity": {"user": "ann", "groups": []}, "softwareStack": {"trinoVersion": "479"}},
	"action": object.union({"operation": operation}, rest),
}

on(catalog, schema, table) := {"resource": {"table": {"catalogName": catalog, "schemaName": schema, "tableName": table}}}

may(granted, question) if {
	trino.allow with input as question
		with data.configuration.instances as fake.instances
		with data.configuration.catalogs as fake.catalogs
		with data.configuration.admins as {"root"}
		with data.configuration.allows_other_catalogs as false
		with data.granted as granted
		with http.send as fake.send
}

seen(granted, question) := positions if {
	positions := trino.batch with input as question
		with data.configuration.instances as fake.instances
		with data.configuration.catalogs as fake.catalogs
		with data.configuration.admins as {"root"}
		with data.configuration.allows_other_catalogs as false
		with data.granted as granted
		with http.send as fake.send
}

test_each_operation_needs_its_action if {
	cases := [
		["AccessCatalog", {"resource": {"catalog": {"name": "lake"}}}, "warehouse//get_config"],
		["ShowSchemas", {"resource": {"catalog": {"name": "lake"}}}, "warehouse//list_namespaces"],
		["SetCatalogSessionProperty", {"resource": {"catalog": {"name": "lake"}}}, "warehouse//get_config"],
		["CreateSchema", {"resource": {"schema": {"catalogName": "lake", "schemaName": "a"}}}, "warehouse//create_namespace"],
		["CreateSchema", {"resource": {"schema": {"catalogName": "lake", "schemaName": "a.b"}}}, "namespace/a/create_namespace"],
		["DropSchema", {"resource": {"schema": {"catalogName": "lake", "schemaName": "a.b"}}}, "namespace/a.b/delete"],
		["ShowTables", {"resource": {"schema": {"catalogName": "lake", "schemaName": "a"}}}, "namespace/a/get_metadata"],
		["CreateTable", on("lake", "a", "t"), "namespace/a/create_table"],
		["CreateView", on("lake", "a", "t"), "namespace/a/create_view"],
		["DropTable", on("lake", "a", "t"), "table/a.t/drop"],
		["DropView", on("lake", "a", "t"), "view/a.t/drop"],
		["AddColumn", on("lake", "a", "t"), "table/a.t/commit"],
		["InsertIntoTable", on("lake", "a", "t"), "table/a.t/write_data"],
		["ExecuteTableProcedure", on("lake", "a", "t"), "table/a.t/write_data"],
		["SelectFromColumns", on("lake", "a", "t"), "table/a.t/read_data"],
		["SelectFromColumns", on("lake", "a", "t"), "view/a.t/select"],
		["SelectFromColumns", on("lake", "a", "t$files"), "table/a.t/read_data"],
		["ShowColumns", on("lake", "a", "t"), "view/a.t/get_metadata"],
		["SelectFromColumns", on("lake", "information_schema", "tables"), "warehouse//get_config"],
	]
	every case in cases {
		question := asked(case[0], case[1])
		may({"oidc~ann": {case[2]}}, question)
		not may({"oidc~bob": {case[2]}, "oidc~ann": {"table/a.other/read_data"}}, question)
	}
}

test_a_rename_needs_the_place_that_it_leads_to if {
	rename := asked("RenameTable", object.union(
		on("lake", "a", "t"),
		{"targetResource": {"table": {"catalogName": "lake", "schemaName": "b", "tableName": "u"}}},
	))
	may({"oidc~ann": {"table/a.t/rename", "namespace/b/create_table"}}, rename)
	not may({"oidc~ann": {"table/a.t/rename", "namespace/a/create_table"}}, rename)
	not may({"oidc~ann": {"namespace/b/create_table"}}, rename)
}

test_what_is_unknown_is_not_allowed if {
	everything := {"oidc~ann": {"table/a.t/drop", "table/a.t/read_data", "warehouse//get_config", "namespace/a/delete"}}
	every case in [
		["FlyToTheMoon", on("lake", "a", "t")],
		["DropTable", on("lake", "a", "t$files")],
		["DropTable", on("sea", "a", "t")],
		["CreateCatalog", {"resource": {"catalog": {"name": "lake"}}}],
		["SetSchemaAuthorization", {"resource": {"schema": {"catalogName": "lake", "schemaName": "a"}}}],
		["ImpersonateUser", {"resource": {"user": {"user": "bob"}}}],
		["SelectFromColumns", on("lake", "information_schema", "table_privileges")],
		["DropTable", on("lake", "information_schema", "tables")],
	] {
		not may(everything, asked(case[0], case[1]))
	}
}

test_a_lakekeeper_that_is_down_allows_nothing if {
	not trino.allow with input as asked("SelectFromColumns", on("lake", "a", "t"))
		with data.configuration.instances as fake.instances
		with data.configuration.catalogs as fake.catalogs
		with http.send as fake.down
}

test_lists_hold_what_may_be_seen_across_catalogs_and_requests if {
	tables := [on(catalog, "a", name).resource |
		some catalog in ["lake", "pond", "sea"]
		some name in ["t", "u", "v"]
	]
	granted := {
		"oidc~ann": {"table/a.t/get_metadata", "view/a.v/get_metadata"},
		"kubernetes~ann": {"table/a.u/get_metadata"},
	}
	seen(granted, asked("FilterTables", {"filterResources": tables})) == {0, 2, 4}
}

test_columns_are_seen_with_their_table if {
	table := {"table": {"catalogName": "lake", "schemaName": "a", "tableName": "t", "columns": ["x", "y"]}}
	question := asked("FilterColumns", {"filterResources": [table]})
	seen({"oidc~ann": {"table/a.t/get_metadata"}}, question) == {0, 1}
	seen({"oidc~ann": {"table/a.t/drop"}}, question) == set()
}

test_schemas_and_catalogs_are_filtered if {
	schemas := [{"schema": {"catalogName": "lake", "schemaName": name}} | some name in ["a", "b.c", "information_schema"]]
	granted := {"oidc~ann": {"namespace/b.c/get_metadata", "warehouse//get_config"}}
	seen(granted, asked("FilterSchemas", {"filterResources": schemas})) == {1, 2}
	catalogs := [{"catalog": {"name": name}} | some name in ["lake", "pond", "system", "sea"]]
	seen(granted, asked("FilterCatalogs", {"filterResources": catalogs})) == {0, 2}
}

test_queries_are_their_owners_and_the_administrators if {
	own := asked("ViewQueryOwnedBy", {"resource": {"user": {"user": "ann"}}})
	foreign := asked("KillQueryOwnedBy", {"resource": {"user": {"user": "bob"}}})
	may({}, own)
	not may({}, foreign)
	may({}, object.union(foreign, {"context": {"identity": {"user": "root"}}}))
	users := [{"user": {"user": name}} | some name in ["ann", "bob"]]
	seen({}, asked("FilterViewQueryOwnedBy", {"filterResources": users})) == {0}
	may({}, {"context": {"identity": {"user": "ann"}}, "action": {"operation": "ExecuteQuery"}})
}

test_of_trinos_own_tables_the_harmless_ones_are_open if {
	may({}, asked("SelectFromColumns", on("system", "metadata", "catalogs")))
	may({}, asked("SelectFromColumns", on("system", "jdbc", "types")))
	not may({}, asked("SelectFromColumns", on("system", "runtime", "nodes")))
	not may({}, asked("InsertIntoTable", on("system", "jdbc", "types")))
	root := {"context": {"identity": {"user": "root"}}}
	may({}, object.union(asked("SelectFromColumns", on("system", "runtime", "nodes")), root))
	not may({}, object.union(asked("SelectFromColumns", on("lake", "a", "t")), root))
}

test_other_catalogs_are_open_if_the_operator_says_so if {
	question := asked("SelectFromColumns", on("sea", "a", "t"))
	trino.allow with input as question
		with data.configuration.allows_other_catalogs as true
		with data.configuration.catalogs as fake.catalogs
	not trino.allow with input as asked("SelectFromColumns", on("lake", "a", "t"))
		with data.configuration.allows_other_catalogs as true
		with data.configuration.catalogs as fake.catalogs
		with data.configuration.instances as fake.instances
		with http.send as fake.down
}

# For what lies below a view with an owner Trino asks in the owner's name, for the view itself in that of whoever runs the query.
test_below_a_definer_view_it_is_the_owner_who_is_asked_about if {
	view := asked("SelectFromColumns", on("lake", "a", "v"))
	below := object.union(asked("SelectFromColumns", on("lake", "a", "t")), {"context": {"identity": {"user": "bob"}}})
	granted := {"oidc~ann": {"view/a.v/select"}, "oidc~bob": {"table/a.t/read_data"}}
	may(granted, view)
	may(granted, below)
	not may({"oidc~ann": {"view/a.v/select", "table/a.t/read_data"}}, below)
	not may({"oidc~ann": {"view/a.v/get_metadata"}, "oidc~bob": {"view/a.v/select"}}, view)
}
