"""What the access record says of a request: as it came, and how long it took."""

import re

from support.client import fetch


def record(gateway, **more):
    gateway.wait_for_log('"handled request"')
    return next(one for one in gateway.records() if one.get("msg") == "handled request")


def test_fields_are_those_that_came(serve):
    gateway, port = serve(
        "log\nroute {\nrequest_header X-Own changed\nrequest_header -X-Gone\n"
        "request_header +X-New added\nrewrite /elsewhere\nrespond ok\n}"
    )
    assert fetch(port, target="/here?q=1", fields=[("X-Own", "came"), ("X-Gone", "still")]).status == 200
    request = record(gateway)["request"]
    assert request["uri"] == "/here?q=1"
    assert request["headers"]["X-Own"] == ["came"]
    assert request["headers"]["X-Gone"] == ["still"]
    assert "X-New" not in request["headers"]


def test_an_answer_within_one_turn_has_a_duration(serve):
    gateway, port = serve("log\nrespond ok")
    assert fetch(port).status == 200
    assert 0 < record(gateway)["duration"] < 5
