"""A stand-in for a sign-in service such as oauth2-proxy."""


def sign_in(connection):
    """202 and who it is for requests with the cookie, else 401; other paths are pages."""
    while request := connection.read_request():
        connection.upstream.requests.put(request)
        if not request.target.startswith("/oauth2/auth"):
            connection.respond(body="sign-in page")
        elif "signed-in" in (request.get("cookie") or ""):
            connection.respond(
                202,
                fields=[
                    ("X-Auth-Request-Email", "ann@example.com"),
                    ("X-Auth-Request-User", "ann"),
                    ("X-Auth-Request-Preferred-Username", "ann.lee"),
                ],
                reason="Accepted",
            )
        else:
            connection.respond(401, "no", reason="Unauthorized")
