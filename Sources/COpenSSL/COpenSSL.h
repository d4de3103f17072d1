// OpenSSL, and functions for those of its calls that are macros.
#ifndef WAVETANK_COPENSSL_H
#define WAVETANK_COPENSSL_H
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

static inline EVP_PKEY *wavetank_new_p256(void) { return EVP_EC_gen("P-256"); }

// An idle session keeps no buffers, and may be given other memory with the same content again.
static inline long wavetank_set_modes(SSL_CTX *context) {
  return SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE
                                       | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}
static inline int wavetank_from_tls_1_2(SSL_CTX *context) {
  return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
}
// Sessions are resumed by tickets, which their clients keep: nothing of them is kept here.
static inline long wavetank_keep_no_sessions(SSL_CTX *context) {
  return SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
}
// TLS 1.3: the cipher that every implementation has (RFC 8446, section 9.1) before the larger ones, of which
// each handshake's keys cost more; and one ticket, since hardly a client uses two of one connection.
static inline int wavetank_spare_handshakes(SSL_CTX *context) {
  SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE);
  return SSL_CTX_set_num_tickets(context, 1)
         && SSL_CTX_set_ciphersuites(
             context, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256");
}
static inline unsigned long wavetank_refuse_renegotiation(SSL_CTX *context) {
  return SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
}
static inline unsigned long wavetank_refuse_tickets(SSL *session) {
  return SSL_set_options(session, SSL_OP_NO_TICKET);
}
static inline long wavetank_set_host(SSL *session, const char *host) {
  return SSL_set_tlsext_host_name(session, host);
}
static inline void wavetank_extension_context(X509V3_CTX *context, X509 *issuer, X509 *subject) {
  X509V3_set_ctx_nodb(context);
  X509V3_set_ctx(context, issuer, subject, NULL, NULL, 0);
}
static inline int wavetank_check_constraints(X509 *certificate, void *constraints) {
  // It looks at names that are known only once the extensions were read: a new certificate's were not.
  X509_check_purpose(certificate, -1, 0);
  return NAME_CONSTRAINTS_check(certificate, (NAME_CONSTRAINTS *)constraints);
}
static inline void wavetank_free_constraints(void *constraints) {
  NAME_CONSTRAINTS_free((NAME_CONSTRAINTS *)constraints);
}
// A server asks nobody for a password: the library would, at the terminal, and everything waits for it.
static inline int wavetank_no_password(char *text, int size, int is_writing, void *context) {
  (void)text, (void)size, (void)is_writing, (void)context;
  return -1;
}
static inline EVP_PKEY *wavetank_read_key(BIO *bio) {
  return PEM_read_bio_PrivateKey(bio, NULL, wavetank_no_password, NULL);
}
// Whether clients would take it for an authority's: basic constraints and key usage say so.
static inline int wavetank_may_sign(X509 *certificate) { return X509_check_ca(certificate) != 0; }
static inline long wavetank_content(BIO *bio, char **content) {
  return BIO_get_mem_data(bio, content);
}
static inline void wavetank_ask_again(BIO *bio) {
  BIO_set_flags(bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY);
}
static inline void wavetank_no_retry(BIO *bio) {
  BIO_clear_flags(bio, BIO_FLAGS_RWS | BIO_FLAGS_SHOULD_RETRY);
}
#endif
