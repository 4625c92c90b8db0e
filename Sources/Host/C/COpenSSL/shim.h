// OpenSSL for Swift: the headers, and functions for what OpenSSL offers as macros only.
#pragma once
#include <openssl/ssl.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
