# Which catalogs of Trino are warehouses of Lakekeeper, and how OPA reaches it. All of it comes from environment variables;
# whoever has more than one Lakekeeper, or more than the catalogs below, edits this file.
package configuration

env := opa.runtime().env

# One or more Lakekeepers, by a name that `catalogs` refers to.
instances := {"default": {
	"url": trim_right(object.get(env, "LAKEKEEPER_URL", "https://localhost:8181"), "/"),
	"token_endpoint": object.get(env, "LAKEKEEPER_TOKEN_ENDPOINT", ""),
	"client_id": object.get(env, "LAKEKEEPER_CLIENT_ID", "trino"),
	"client_secret": object.get(env, "LAKEKEEPER_CLIENT_SECRET", ""),
	"scope": object.get(env, "LAKEKEEPER_SCOPE", "lakekeeper"),
	# What Lakekeeper puts before the names of Trino's users: the id of the identity provider that both use.
	"user_prefix": object.get(env, "LAKEKEEPER_USER_PREFIX", "oidc~"),
	# Questions in one request; Lakekeeper answers 1,000 at most.
	"questions": min([max([to_number(object.get(env, "LAKEKEEPER_MAX_BATCH_CHECK_SIZE", "1000")), 1]), 1000]),
}}

# The catalogs of Trino that are warehouses.
catalogs := {name: {"instance": "default", "warehouse": warehouse} |
	some variables in [
		["TRINO_DEV_CATALOG_NAME", "dev", "LAKEKEEPER_DEV_WAREHOUSE", "development"],
		["TRINO_PROD_CATALOG_NAME", "prod", "LAKEKEEPER_PROD_WAREHOUSE", "production"],
		["TRINO_DEMO_CATALOG_NAME", "demo", "LAKEKEEPER_DEMO_WAREHOUSE", "demo"],
		["TRINO_LAKEKEEPER_CATALOG_NAME", "lakekeeper", "LAKEKEEPER_LAKEKEEPER_WAREHOUSE", "lakekeeper"],
	]
	name := object.get(env, variables[0], variables[1])
	warehouse := object.get(env, variables[2], variables[3])
}

# Whether everybody may use the catalogs that are not Lakekeeper's. Other authorizers of Trino may still forbid it.
allows_other_catalogs := lower(object.get(env, "TRINO_ALLOW_UNMANAGED_CATALOGS", "false")) == "true"

# Who sees all of Trino's own tables and everybody's queries. Data of Lakekeeper is not meant.
admins := {trim_space(name) |
	some name in split(object.get(env, "TRINO_ADMIN_USERS", ""), ",")
	trim_space(name) != ""
}
