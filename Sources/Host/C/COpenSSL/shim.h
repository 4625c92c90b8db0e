// OpenSSL for Swift: the headers, and functions for what OpenSSL offers as macros only.
#pragma once
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#if defined(__clang__)
#pragma clang assume_nonnull begin
#endif

// Contexts. Every function returns 1 on success unless it says otherwise.

static inline int gwx_ctx_set_protocol_range(SSL_CTX *context, int lowest, int highest) {
    return SSL_CTX_set_min_proto_version(context, lowest) == 1
        && SSL_CTX_set_max_proto_version(context, highest) == 1;
}

/// What holds for both sides: no renegotiation, no compression, our order of ciphers.
static inline void gwx_ctx_set_common_options(SSL_CTX *context) {
    SSL_CTX_set_options(
        context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION
            | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
}

static inline void gwx_ctx_disable_tickets(SSL_CTX *context) {
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(context, 0);
}

static inline void gwx_ctx_set_mode(SSL_CTX *context, long mode) {
    SSL_CTX_set_mode(context, mode);
}

static inline void gwx_ctx_set_session_cache_mode(SSL_CTX *context, long mode) {
    SSL_CTX_set_session_cache_mode(context, mode);
}

static inline void gwx_ctx_set_read_ahead(SSL_CTX *context, int on) {
    SSL_CTX_set_read_ahead(context, on);
}

static inline int gwx_ctx_set_groups(SSL_CTX *context, const char *list) {
    return (int)SSL_CTX_set1_groups_list(context, list);
}

static inline void gwx_ctx_set_server_name_callback(
    SSL_CTX *context, int (*callback)(SSL *, int *, void *_Nullable)) {
    SSL_CTX_set_tlsext_servername_callback(context, callback);
}

// Chains.

static inline STACK_OF(X509) *_Nullable gwx_new_chain(void) { return sk_X509_new_null(); }

/// Takes the reference over.
static inline int gwx_chain_push(STACK_OF(X509) *chain, X509 *certificate) {
    return sk_X509_push(chain, certificate) > 0;
}

static inline void gwx_chain_free(STACK_OF(X509) *chain) { sk_X509_pop_free(chain, X509_free); }

// Client certificates.

/// Reads the names of authorities from a file into a list that may be there already.
static inline int gwx_add_client_authorities(STACK_OF(X509_NAME) *names, const char *file) {
    return SSL_add_file_cert_subjects_to_stack(names, file);
}

static inline STACK_OF(X509_NAME) *_Nullable gwx_new_names(void) { return sk_X509_NAME_new_null(); }

static inline void gwx_names_free(STACK_OF(X509_NAME) *names) {
    sk_X509_NAME_pop_free(names, X509_NAME_free);
}

/// The store and the names that one connection's client certificate is judged by.
static inline int gwx_ssl_set_client_authorities(
    SSL *ssl, X509_STORE *store, const STACK_OF(X509_NAME) *names) {
    STACK_OF(X509_NAME) *copy = SSL_dup_CA_list(names);
    if (copy == NULL || SSL_set1_verify_cert_store(ssl, store) != 1) return 0;
    SSL_set_client_CA_list(ssl, copy);
    return 1;
}

// Sessions.

/// Bounds of 0 leave those of the context.
static inline int gwx_ssl_set_protocol_range(SSL *ssl, int lowest, int highest) {
    return (lowest == 0 || SSL_set_min_proto_version(ssl, lowest) == 1)
        && (highest == 0 || SSL_set_max_proto_version(ssl, highest) == 1);
}

static inline int gwx_ssl_set_server_name(SSL *ssl, const char *name) {
    return (int)SSL_set_tlsext_host_name(ssl, name);
}

static inline void gwx_ssl_set_app_data(SSL *ssl, void *data) {
    SSL_set_app_data(ssl, data);
}

static inline void *_Nullable gwx_ssl_app_data(const SSL *ssl) {
    return SSL_get_app_data(ssl);
}

// BIO.

static inline void gwx_bio_set_retry_read(BIO *bio) { BIO_set_retry_read(bio); }
static inline void gwx_bio_set_retry_write(BIO *bio) { BIO_set_retry_write(bio); }
static inline void gwx_bio_clear_retry(BIO *bio) { BIO_clear_retry_flags(bio); }

static inline long gwx_bio_memory(BIO *bio, char *_Nullable *_Nonnull bytes) {
    return BIO_get_mem_data(bio, bytes);
}

// Keys and certificates.

/// A new key, or NULL; owned by the caller.
static inline EVP_PKEY *_Nullable gwx_generate_ec(const char *curve) { return EVP_EC_gen(curve); }
static inline EVP_PKEY *_Nullable gwx_generate_rsa(unsigned bits) { return EVP_RSA_gen(bits); }
static inline EVP_PKEY *_Nullable gwx_generate_ed25519(void) {
    return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
}

/// Adds an extension from its configuration text; `issuer` serves key identifiers.
static inline int gwx_add_extension(
    X509 *certificate, X509 *issuer, int kind, const char *value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, kind, value);
    if (extension == NULL) return 0;
    int added = X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    return added;
}

/// Sets the common name; `name` is UTF-8.
static inline int gwx_add_common_name(X509_NAME *subject, const char *name) {
    return X509_NAME_add_entry_by_NID(
        subject, NID_commonName, MBSTRING_UTF8, (const unsigned char *)name, -1, -1, 0);
}

/// Prints a name in RFC 2253 form; negative on failure.
static inline int gwx_print_name(BIO *bio, const X509_NAME *name) {
    return X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253);
}

/// A GENERAL_NAME's text (DNS) or address bytes (IP); NULL for other kinds. Owned by `name`.
static inline const unsigned char *_Nullable gwx_general_name(
    const GENERAL_NAME *name, int *is_address, int *count) {
    if (name->type != GEN_DNS && name->type != GEN_IPADD) return NULL;
    const ASN1_STRING *text = name->type == GEN_DNS ? name->d.dNSName : name->d.iPAddress;
    *is_address = name->type == GEN_IPADD;
    *count = ASN1_STRING_length(text);
    return ASN1_STRING_get0_data(text);
}

static inline int gwx_general_names_count(const GENERAL_NAMES *names) {
    return sk_GENERAL_NAME_num(names);
}

static inline const GENERAL_NAME *gwx_general_names_at(const GENERAL_NAMES *names, int index) {
    return sk_GENERAL_NAME_value(names, index);
}

#if defined(__clang__)
#pragma clang assume_nonnull end
#endif
