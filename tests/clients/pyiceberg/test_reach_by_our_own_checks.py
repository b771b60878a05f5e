"""What vended credentials reach on stores whose emulators enforce nothing: judged by our own checks in `services`, which
stand before the emulator and are written from the documentation of Azure and Google."""

import urllib.error
import urllib.request
from urllib.parse import quote, urlencode

import pytest


class Google:
    """Requests of the JSON API with a table's token."""

    def __init__(self, properties):
        self._url = properties["gcs.service.host"]
        self._token = properties["gcs.oauth2.token"]

    def read(self, bucket, name, token=None):
        return self._send("GET", f"storage/v1/b/{bucket}/o/{quote(name, safe='')}?alt=media", token)

    def write(self, bucket, name):
        return self._send("POST", f"upload/storage/v1/b/{bucket}/o?" + urlencode({"uploadType": "media", "name": name}))

    def delete(self, bucket, name):
        return self._send("DELETE", f"storage/v1/b/{bucket}/o/{quote(name, safe='')}")

    def list(self, bucket, prefix):
        return self._send("GET", f"storage/v1/b/{bucket}/o?" + urlencode({"prefix": prefix}))

    def altered(self, bucket, name):
        """Reads with what is no token of its own."""
        return [self.read(bucket, name, token=other) for other in ("", self._token[:-1], f"{self._token}x")]

    def _send(self, method, path, token=None):
        headers = {"Authorization": f"Bearer {self._token if token is None else token}"}
        return status_of(method, f"{self._url}/{path}", headers)


class Azure:
    """Requests of the Blob service with a table's signature."""

    def __init__(self, properties):
        self._host = properties["adls.account-host"]
        self._signature = properties["adls.sas-token"]

    def read(self, filesystem, path, signature=None):
        return self._send("GET", f"{filesystem}/{quote(path)}", signature=signature)

    def write(self, filesystem, path):
        return self._send("PUT", f"{filesystem}/{quote(path)}", {"x-ms-blob-type": "BlockBlob"})

    def delete(self, filesystem, path):
        return self._send("DELETE", f"{filesystem}/{quote(path)}")

    def list(self, filesystem, prefix):
        return self._send("GET", f"{filesystem}?" + urlencode({"restype": "container", "comp": "list", "prefix": prefix}))

    def altered(self, filesystem, path):
        """Reads with the signature's fields changed, one at a time."""
        fields = dict(part.split("=", 1) for part in self._signature.split("&"))
        changes = {"sp": "racwdlx", "se": "2099-01-01T00%3A00%3A00Z", "sdd": "1", "sr": "c", "skoid": "oid-2"}
        made = ["&".join(f"{k}={v}" for k, v in (fields | {name: value}).items()) for name, value in changes.items()]
        return [self.read(filesystem, path, signature=other) for other in ("", *made)]

    def _send(self, method, path, headers=None, signature=None):
        query = self._signature if signature is None else signature
        url = f"http://{self._host}/{path}{'&' if '?' in path else '?'}{query}"
        return status_of(method, url, {"x-ms-version": "2023-11-03", **(headers or {})})


def status_of(method, url, headers):
    body = b"" if method in ("POST", "PUT") else None
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers, method=method), timeout=30) as answer:
            answer.read()
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


@pytest.fixture
def orders(catalog, namespace, people):
    return filled(catalog, (*namespace, "orders"), people)


@pytest.fixture
def inside(orders):
    return place(orders.inspect.files()["file_path"][0].as_py())


@pytest.fixture
def outside(catalog, namespace, people, orders):
    """A file of a table whose location begins like that of `orders`."""
    sibling = filled(catalog, (*namespace, "orders2"), people, location=f"{orders.location()}2")
    return place(sibling.inspect.files()["file_path"][0].as_py())


@pytest.fixture
def store(orders):
    """Requests with what was vended for `orders`."""
    properties = orders.io.properties
    return (Google if "gcs.oauth2.token" in properties else Azure)(properties)


def filled(catalog, name, people, location=None):
    catalog.create_table(name, people.schema, location=location).append(people)
    return catalog.load_table(name)


def place(location):
    """The bucket or filesystem of a location, and what is below."""
    bucket, path = location.split("://", 1)[1].split("/", 1)
    return bucket.split("@")[0], path


def test_everything_is_allowed_in_the_table_by_our_own_checks(store, orders, inside):
    bucket, path = inside
    new = f"{place(orders.location())[1]}/data/new file"
    assert [store.read(bucket, path), store.list(bucket, f"{place(orders.location())[1]}/")] == [200, 200]
    assert store.write(bucket, new) in (200, 201)
    assert store.delete(bucket, new) in (200, 202, 204)


@pytest.mark.parametrize("act", ["read", "write", "delete"])
def test_a_sibling_is_out_of_reach_by_our_own_checks(store, outside, act):
    assert getattr(store, act)(*outside) == 403


def test_a_new_file_beside_the_table_is_refused_by_our_own_checks(store, orders):
    bucket, folder = place(orders.location())
    for path in (f"{folder}2/x", f"{folder}x", folder.rsplit("/", 1)[0] + "/x", "x"):
        assert store.write(bucket, path) == 403, path
    assert store.write("another-bucket", f"{folder}/x") == 403


def test_only_the_table_is_listed_by_our_own_checks(store, orders, outside):
    bucket, folder = place(orders.location())
    for prefix in ("", folder, folder[:-1], f"{folder}2/", folder.rsplit("/", 1)[0] + "/"):
        assert store.list(bucket, prefix) == 403, prefix
    assert store.list("another-bucket", f"{folder}/") == 403


def test_what_was_altered_is_refused_by_our_own_checks(store, inside):
    assert store.read(*inside) == 200
    assert set(store.altered(*inside)) <= {401, 403}
