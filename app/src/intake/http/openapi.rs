//! The OpenAPI document: generated from the handlers, with what is common to all of them.

use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityScheme};
use utoipa::openapi::{Info, OpenApi, OpenApiBuilder};

use super::error::Code;

const ABOUT: &str = "Prices, quantities and amounts are decimal strings; unknown fields are \
    refused; times are RFC 3339 UTC. Signed calls carry `X-Api-Key`, `X-Request-Time` (ms since \
    the epoch) and `X-Signature`: lowercase hex of HMAC-SHA256(secret, request_time + METHOD + \
    path_with_query + body), or an Ed25519 signature over the same message. A signature is \
    accepted once: sign a retry anew. `X-Request-Id` is echoed.\n\nErrors: \
    `{\"error\":{\"code\",\"message\",\"field\",\"details\"}}`. Codes:\n\n";

/// The document's frame.
pub(super) fn base() -> OpenApi {
    let mut about = ABOUT.to_owned();
    for code in Code::ALL {
        about.push_str(&format!("- `{}` ({}): {}\n", code.as_str(), code.status(), code.meaning()));
    }
    let mut info = Info::new("Zaraba", env!("CARGO_PKG_VERSION"));
    info.description = Some(about);
    OpenApiBuilder::new().info(info).build()
}

/// Adds the signing headers' schemes.
pub(super) fn finish(mut document: OpenApi) -> OpenApi {
    let components = document.components.get_or_insert_default();
    for (name, header, about) in [
        ("api_key", "X-Api-Key", "Public name of the key"),
        ("request_time", "X-Request-Time", "Milliseconds since the epoch, within 5 s"),
        ("signature", "X-Signature", "Lowercase hex; see the description"),
    ] {
        let value = ApiKeyValue::with_description(header, about);
        components.add_security_scheme(name, SecurityScheme::ApiKey(ApiKey::Header(value)));
    }
    document
}
