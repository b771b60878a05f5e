# What the environment variables mean.
package configuration_test

import data.configuration

test_catalogs_are_named_by_the_environment if {
	catalogs := configuration.catalogs with configuration.env as {
		"TRINO_DEMO_CATALOG_NAME": "sales",
		"LAKEKEEPER_DEMO_WAREHOUSE": "sales_eu",
	}
	catalogs.sales == {"instance": "default", "warehouse": "sales_eu"}
	catalogs.dev.warehouse == "development"
	count(catalogs) == 4
}

test_administrators_are_a_list if {
	configuration.admins == {"a", "b"} with configuration.env as {"TRINO_ADMIN_USERS": "a, b,"}
	configuration.admins == set() with configuration.env as {}
}

test_a_request_asks_as_much_as_lakekeeper_answers if {
	some given, expected in {"5": 5, "0": 1, "9999": 1000}
	instances := configuration.instances with configuration.env as {"LAKEKEEPER_MAX_BATCH_CHECK_SIZE": given}
	instances.default.questions == expected
}

test_other_catalogs_are_closed_unless_said_otherwise if {
	not configuration.allows_other_catalogs with configuration.env as {}
	configuration.allows_other_catalogs with configuration.env as {"TRINO_ALLOW_UNMANAGED_CATALOGS": "True"}
}
