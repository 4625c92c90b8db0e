// The table of field names.
import Base
import CGateway
import Testing

@testable import HTTP

@Suite struct FieldNamesTests {
    private func lookup(_ name: String) -> UInt16 {
        let bytes = octets(name)
        return FieldNames.lookup(bytes, bytes.count)
    }

    @Test(arguments: [
        ("Host", GW_FIELD_HOST), ("tE", GW_FIELD_TE),
        ("transfer-encoding", GW_FIELD_TRANSFER_ENCODING),
        ("CONTENT-LENGTH", GW_FIELD_CONTENT_LENGTH), ("etag", GW_FIELD_ETAG),
        ("proxy-authenticate", GW_FIELD_PROXY_AUTHENTICATE), ("Vary", GW_FIELD_VARY),
        ("x-forwarded-for", GW_FIELD_X_FORWARDED_FOR), ("Expect", GW_FIELD_EXPECT),
        ("If-Modified-Since", GW_FIELD_IF_MODIFIED_SINCE), ("Upgrade", GW_FIELD_UPGRADE),
    ])
    func knowsTheNamesOfTheABI(_ name: String, _ id: Int32) {
        #expect(lookup(name) == UInt16(id))
    }

    @Test func givesEveryKnownIdItsOwnName() {
        for id in 1...UInt16(GW_FIELD_KNOWN_MAX) {
            #expect(lookup(latin1(FieldNames.spelling(id))) == id)
        }
        let spelling = FieldNames.spelling(UInt16(GW_FIELD_WWW_AUTHENTICATE))
        #expect(latin1(spelling) == "WWW-Authenticate")
    }

    @Test(arguments: [
        "Hos", "Hosts", "content_length", "Content-Lengt", "X-Forwarded-Fox", "X-Forwarded-Foo-For",
        "I", "If-Modified-Sinc\u{e9}",
    ])
    func doesNotKnow(_ name: String) {
        #expect(lookup(name) == 0)
    }

    @Test func internsOnceForEverySpellingOfCase() {
        let id = FieldNames.intern("X-Interned-Once-And-For-All")
        #expect(id > UInt16(GW_FIELD_KNOWN_MAX))
        #expect(FieldNames.intern("x-interned-ONCE-and-for-all") == id)
        #expect(lookup("x-interned-once-and-for-all") == id)
        #expect(lookup("x-interned-oncf-and-for-all") == 0)
        #expect(latin1(FieldNames.spelling(id)) == "X-Interned-Once-And-For-All")
    }

    @Test func internsKnownNamesAsThemselves() {
        #expect(FieldNames.intern("AUTHORIZATION") == UInt16(GW_FIELD_AUTHORIZATION))
    }

    @Test(arguments: ["", "a b", "a:b", "a\u{e9}", String(repeating: "a", count: 257)])
    func refusesToIntern(_ name: String) {
        octets(name).withUnsafeBufferPointer { #expect(FieldNames.intern($0) == 0) }
    }

    @Test func hasNoSpellingForIdsNobodyWasGiven() {
        #expect(FieldNames.spelling(0).isEmpty)
        #expect(FieldNames.spelling(UInt16(Limits.fieldNamesMax - 1)).isEmpty)
        #expect(FieldNames.spelling(.max).isEmpty)
    }

    @Test func tellsManyNamesApartAtEveryLength() {
        var ids: Set<UInt16> = []
        for count in 1...40 {
            for last in ["a", "b"] {
                ids.insert(FieldNames.intern(String(repeating: "q", count: count - 1) + last))
            }
        }
        #expect(ids.count == 80)
    }

    @Test func limitsFitTheTable() {
        #expect(Limits.fieldNamesMax.nonzeroBitCount == 1)
        #expect(Limits.fieldNamesMax <= Int(UInt16.max))
    }
}
