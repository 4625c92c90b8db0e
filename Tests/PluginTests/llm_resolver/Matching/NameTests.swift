// Words of names, Punycode and hosts.
import Testing

@testable import LLMResolverParts

@Suite struct NameTests {
    @Test(
        arguments: [
            ("orderTracker", ["order", "tracker"]), ("order-tracker", ["order", "tracker"]),
            ("order_tracker.web", ["order", "tracker", "web"]), ("HTTPServer", ["http", "server"]),
            ("Kestrelbank.Api", ["kestrelbank", "api"]), ("web3", ["web3"]), ("--", []),
            ("größeÜbersicht", ["größe", "übersicht"]), ("ΟΔΟΣ", ["οδοσ"]),
        ] as [(String, [String])])
    func splitsWords(text: String, words: [String]) {
        #expect(Name(text).words == words)
    }

    @Test(arguments: [
        ("order-tracker", "orderTracker"), ("order-tracker", "ordertracker"),
        ("b\u{e4}r", "ba\u{308}r"),
    ])
    func findsTheSameName(one: String, other: String) {
        #expect(Name(one).likeness(to: Name(other)) == .exact)
    }

    @Test(arguments: [
        ("order", "orders"), ("order", "order-service"), ("orders", "order-app"),
        ("order", "orderservice"), ("category", "categories"), ("box", "boxes"),
    ])
    func findsAnotherForm(one: String, other: String) {
        #expect(Name(one).likeness(to: Name(other)) == .form)
    }

    @Test(arguments: [
        ("shop", "workshop"), ("shop", "shopping"), ("cart", "card"), ("admin", "adminer"),
        ("bäckerei", "backerei"), ("shop", "shop-api"), ("pаypal", "paypal"), ("ss", "s"),
    ])
    func keepsNamesApart(one: String, other: String) {
        #expect(Name(one).likeness(to: Name(other)) == nil)
    }

    @Test(arguments: [
        ("bckerei-5wa", "bäckerei"),
        ("mnchen-3ya", "münchen"),
        ("fiqs8s", "中国"),
        ("e28h", "😀"),
        ("80ak6aa92e", "аррӏе"),
        ("yxadce0cm", "προϊόν"),
        ("u9j358k4zf0gn51q", "未来の都市"),
        ("a--b-1ra", "a-ü-b"),
    ])
    func decodesPunycode(label: String, text: String) {
        #expect(Punycode.label("xn--" + label) == text)
        #expect(Punycode.label("XN--" + label.uppercased())?.lowercased() == text)
    }

    @Test(arguments: ["xn--!", "xn--99999999", "xn--bckerei-5w", "xn--\u{e4}-abc", "xn--a-b"])
    func refusesWhatIsNoPunycode(label: String) {
        #expect(Punycode.label(label) == nil)
    }

    @Test(arguments: [
        ("API.Shop.LOCALHOST.", ["api", "shop"]), ("shop.localhost:8443", ["shop"]),
        ("xn--bckerei-5wa.localhost", ["bäckerei"]), ("a.b.test", ["a", "b"]),
    ])
    func readsHosts(host: String, labels: [String]) {
        #expect(HostName(host)?.labels.map(\.joined) == labels)
    }

    @Test(arguments: [
        "localhost", "", ".", "a..localhost", "127.0.0.1", "xn--99999999.localhost", ".localhost",
    ])
    func refusesWhatNamesNothing(host: String) {
        #expect(HostName(host) == nil)
    }
}
