// What goes wrong with certificates, as one line for the operator.

/// A certificate could not be loaded, stored or issued. Never holds key material.
package struct CertificateError: Error, Equatable, CustomStringConvertible, Sendable {
    package let description: String

    package init(_ description: String) { self.description = description }
}
