// dkim_keys.h: public keys for tests; nobody has kept the private ones.
#pragma once

#include <string>

namespace waybill::test {

/// RSA, 2048 bits, as SubjectPublicKeyInfo.
inline const std::string kDkimRsa2048 =
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA1//U7hTaZI6VY7ed31KjymVbOfahqVAhhN0RPoJ+E04Zhd"
    "5PGT/C7b6BHRAbMKBC5zx4ekRar9TaGQv+i1UiYiVLY41AZ8Z0i5f/N9jtzz4IuKBYIFS/0VcbY6BJqQAA/zLkSunE"
    "qNBmiQE6Ce/06h5tPJgzbmOk8aH65G3Q0NpR2s9hho4M2XtRCYZwE7tbj2/RcZo4klmDkInDcyWr9ZI4FhsXUeWz4j"
    "Sarv/dPiyUw8dotnGdufI4wd++1U9/FbMInkkt2VzPNqKC1gYYHUN0x0hq3M2JwepsJGTRgaYLBngEiEZb6JN4nI7F"
    "wojfYz3XjDREQnAdv9NMg5h2OwIDAQAB";
/// RSA, 1024 bits, as SubjectPublicKeyInfo.
inline const std::string kDkimRsa1024 =
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC9Fv8dClfbGG/Z6Yr9EI7PAnXCniODmd42g1pKeWjKiTH6u12ogE"
    "d3SsL9fgaKZtUsjHUoFQ6tylIQltaSKds0z1X+P95DdktMv7ZP62HQEPc8xh05fXtpiE/pSxuSH2G86KTtXgRDqUGw"
    "5MfbsEfOauF3RfX8lgAd/AJQc2U8kQIDAQAB";
/// RSA, 512 bits, as SubjectPublicKeyInfo.
inline const std::string kDkimRsa512 =
    "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAKkR1kGIxuuegUC/NakXogMW1g9Xz2Rrtn5e9NOpGdKjjQKzGotXOtY3Hi"
    "xb1hN0nUHZXgVXERbpa3zRwN2DGxMCAwEAAQ==";
/// RSA, 1024 bits, as RSAPublicKey (RFC 6376 3.6.1).
inline const std::string kDkimRsaPlain1024 =
    "MIGJAoGBAL0W/x0KV9sYb9npiv0Qjs8CdcKeI4OZ3jaDWkp5aMqJMfq7XaiAR3dKwv1+Bopm1SyMdSgVDq3KUhCW1p"
    "Ip2zTPVf4/3kN2S0y/tk/rYdAQ9zzGHTl9e2mIT+lLG5IfYbzopO1eBEOpQbDkx9uwR85q4XdF9fyWAB38AlBzZTyR"
    "AgMBAAE=";
/// Of RFC 8463 A.2.
inline const std::string kDkimEd25519 = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

}  // namespace waybill::test
