"""What a program that uses redis-py does, against three members: `clients.py PORT PORT PORT`."""

import sys

import redis


def everything(client: redis.Redis) -> None:
    """Each command in the way redis-py spells it."""
    assert client.ping()
    assert client.flushall()
    assert client.set("key", "value")
    assert client.get("key") == b"value"
    assert client.get("nothing") is None
    assert client.set("key", "other", nx=True) is None
    assert client.set("key", "other", xx=True, get=True) == b"value"
    assert client.getset("key", "third") == b"other"
    assert client.mset({"one": 1, "two": 2})
    assert client.mget("one", "nothing", "two") == [b"1", None, b"2"]
    assert client.incr("one", 41) == 42
    assert client.decr("new") == -1
    assert client.append("key", b"\x00\xff") == 7
    assert client.get("key") == b"third\x00\xff"
    assert client.strlen("key") == 7
    assert client.exists("key", "one", "nothing") == 2
    assert client.dbsize() == 4
    assert client.delete("one", "two", "nothing") == 2
    assert client.echo("hello") == b"hello"
    assert client.client_setname("smoke") and client.client_getname() in ("smoke", b"smoke")
    assert any(entry["name"] == "smoke" for entry in client.client_list())
    assert client.config_get("save") == {"save": ""}
    assert client.info()["copycat_role"] in ("leader", "follower")
    assert client.info("keyspace")["db0"]["keys"] >= 0
    assert client.execute_command("COPYCAT.CAS", "absent", "", "1") == 1
    assert client.execute_command("COPYCAT.CONSISTENCY", "lease") in (b"OK", "OK")


def pipelines(client: redis.Redis) -> None:
    """Many commands in one piece, whose answers come in their order."""
    pipe = client.pipeline(transaction=False)
    for number in range(1_000):
        pipe.incr("counter")
        pipe.set(f"key-{number}", number)
        pipe.get(f"key-{number}")
    answers = pipe.execute()
    assert answers[0::3] == list(range(1, 1_001))
    assert all(answers[1::3])
    assert answers[2::3] == [str(number).encode() for number in range(1_000)]


def errors(client: redis.Redis) -> None:
    """Errors are those that redis-py knows."""
    client.set("text", "no number")
    for wrong in (
        lambda: client.incr("text"),
        lambda: client.set("key", "value", ex=10),
        lambda: client.execute_command("NOTHING"),
        lambda: client.execute_command("GET"),
    ):
        try:
            wrong()
        except redis.ResponseError as error:
            print("as it should be:", error)
        else:
            raise AssertionError("no error")


def main() -> None:
    ports = [int(port) for port in sys.argv[1:]]
    for port in ports:
        for protocol in (2, 3):
            client = redis.Redis(host="127.0.0.1", port=port, protocol=protocol, socket_timeout=30)
            everything(client)
            client.delete("counter")
            pipelines(client)
            errors(client)
    # What went in through one member comes out of another.
    first, last = (redis.Redis(host="127.0.0.1", port=port) for port in (ports[0], ports[-1]))
    first.set("seen", "by all")
    assert last.get("seen") == b"by all"
    print("redis-py", redis.__version__, "is content")


main()
