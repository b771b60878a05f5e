# A Lakekeeper and its identity provider, as far as the policy knows them.
package fake

catalogs := {
	"lake": {"instance": "one", "warehouse": "my lake"},
	"pond": {"instance": "two", "warehouse": "pond"},
}

instances := {
	"one": {
		"url": "https://one.example",
		"token_endpoint": "https://login.example/token",
		"client_id": "opa",
		"client_secret": "a&b",
		"scope": "lakekeeper",
		"user_prefix": "oidc~",
		"questions": 3,
	},
	"two": {
		"url": "https://two.example",
		"token_endpoint": "https://login.example/token",
		"client_id": "opa",
		"client_secret": "a&b",
		"scope": "lakekeeper",
		"user_prefix": "kubernetes~",
		"questions": 1000,
	},
}

# Plays both servers. `data.granted` holds what is allowed: {"oidc~ann": {"table/a.t/read_data"}}.
send(request) := {"status_code": 200, "body": {"access_token": "secret-token"}} if {
	request.url == "https://login.example/token"
	request.method == "POST"
	form := {pair | some pair in split(request.raw_body, "&")}
	form == {"grant_type=client_credentials", "client_id=opa", "client_secret=a%26b", "scope=lakekeeper"}
}

send(request) := {"status_code": 200, "body": {"defaults": {"prefix": "w-one"}}} if {
	request.url == "https://one.example/catalog/v1/config?warehouse=my+lake"
	request.headers.authorization == "Bearer secret-token"
}

send(request) := {"status_code": 200, "body": {"defaults": {"prefix": "w-two"}}} if {
	request.url == "https://two.example/catalog/v1/config?warehouse=pond"
	request.headers.authorization == "Bearer secret-token"
}

send(request) := {"status_code": 200, "body": {"results": results}} if {
	some instance in instances
	request.url == concat("", [instance.url, "/management/v1/action/batch-check"])
	request.method == "POST"
	request.headers.authorization == "Bearer secret-token"
	count(request.body.checks) <= instance.questions
	results := [{"allowed": is_granted(check)} | some check in request.body.checks]
}

default is_granted(_) := false

is_granted(check) if {
	some kind, on in check.operation
	on["warehouse-id"] in {"w-one", "w-two"}
	name := concat(".", array.concat(object.get(on, "namespace", []), [table | table := on.table]))
	concat("/", [kind, name, on.action.action]) in data.granted[check.identity.user]
}

down(_) := {"status_code": 503, "body": {}}
