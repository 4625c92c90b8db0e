// What leaves the machine has no secrets.
import Testing

@testable import LLMResolverParts

@Suite struct RedactionTests {
    @Test(arguments: [
        ("serve --token=abc123", "serve --token=[redacted]"),
        ("serve --api-key abc123 --port 80", "serve --api-key [redacted] --port 80"),
        ("API_KEY=abc node server.js", "API_KEY=[redacted] node server.js"),
        (
            "curl -H 'Authorization: Bearer abc.def' x",
            "curl -H 'Authorization: Bearer [redacted] x"
        ),
        ("serve postgres://user:pw@db/shop", "serve postgres://[redacted]@db/shop"),
        ("serve --dsn=mysql://u:p@h/x", "serve --dsn=[redacted]"),
        ("serve http://x/?token=abc&page=2", "serve http://x/?token=[redacted]&page=2"),
        ("mysql -phunter2 shop", "mysql -p[redacted] shop"),
        ("flask run -p 8005", "flask run -p 8005"), ("vite -p3000", "vite -p3000"),
        ("serve sk-proj-abcdefghijklmnop", "serve [redacted]"),
        ("serve --id=9f86d081884c7d659a2feaa0c55ad015", "serve --id=[redacted]"),
        ("node /home/dev/shop/dist/apps/api/main.js", "node /home/dev/shop/dist/apps/api/main.js"),
        (
            "java -Dspring.datasource.password=x -jar a.jar",
            "java -Dspring.datasource.password=[redacted] -jar a.jar"
        ),
        ("redis-server --requirepass s3cret", "redis-server --requirepass [redacted]"),
        ("serve eyJhbGciOiJIUzI1NiJ9.e30.ZRrHA1JJJW8opsbCGfG", "serve [redacted]"),
    ])
    func hidesSecretsInCommandLines(text: String, expected: String) {
        #expect(Redaction.commandLine(text) == expected)
    }

    @Test func neverShowsThePassword() {
        let secret = "hunter2hunter2"
        for text in [
            "x --password=\(secret)", "x --password \(secret)", "x --db-pass \(secret)",
            "PASSWORD=\(secret) x", "x https://u:\(secret)@h/", "x Authorization:\(secret)",
            "x --header 'X-Auth-Token: \(secret)'", "x --header 'Authorization: Basic \(secret)'",
            "x https://h/?a=1&secret=\(secret)", "x --client-secret='\(secret)'",
        ] {
            #expect(!Redaction.commandLine(text).contains(secret), "\(text)")
        }
    }

    @Test func keepsPathsAndNames() {
        for text in [
            "/home/dev/nightjar-feature-login/apps/web", "shop-api:1.2.3", "order-tracker",
        ] {
            #expect(Redaction.text(text) == text)
        }
    }
}
