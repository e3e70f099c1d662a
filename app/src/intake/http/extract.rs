//! What handlers are given: a signed request with its caller, or the address of an unsigned
//! one. A handler that names [`Signed`] cannot be reached without a valid signature and the
//! scope it names.

use std::marker::PhantomData;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use axum::extract::{ConnectInfo, FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use zaraba_engine::types::{AccountId, Timestamp};

use super::error::{ApiError, ApiResult, Code};
use crate::auth::{Principal, Scope, SignedParts, sign};
use crate::clock;
use crate::platform::Platform;

/// A scope as a type.
pub trait Needs: Send + Sync + 'static {
    /// The scope.
    const SCOPE: Scope;
}

/// Needs `read`.
pub struct Read;
/// Needs `trade`.
pub struct Trade;

impl Needs for Read {
    const SCOPE: Scope = Scope::Read;
}
impl Needs for Trade {
    const SCOPE: Scope = Scope::Trade;
}

/// A request that was signed by a key with the scope `S`, not seen before, within its rate.
pub struct Signed<S: Needs> {
    /// Who.
    pub principal: Principal,
    /// The whole body.
    pub body: Bytes,
    /// When it was checked.
    pub at: Timestamp,
    scope: PhantomData<S>,
}

impl<S: Needs> Signed<S> {
    /// The caller's account.
    pub fn account(&self) -> AccountId {
        self.principal.account
    }
}

impl<S: Needs> FromRequest<Platform> for Signed<S> {
    type Rejection = ApiError;

    async fn from_request(request: Request, platform: &Platform) -> ApiResult<Signed<S>> {
        let (parts, body) = request.into_parts();
        // Headers first: a stranger does not make us read a body.
        let (api_key, request_time, signature) = (
            text(&parts.headers, sign::API_KEY)?,
            text(&parts.headers, sign::REQUEST_TIME)?,
            text(&parts.headers, sign::SIGNATURE)?,
        );
        let body = read_body(&parts.headers, body, platform).await?;
        let at = clock::now();
        let signed = SignedParts {
            api_key,
            request_time,
            signature,
            method: parts.method.as_str(),
            path: parts.uri.path_and_query().map_or("/", |path| path.as_str()),
            body: &body,
        };
        let principal = platform.keys.verify(&signed, S::SCOPE, address(&parts), at)?;
        Ok(Signed { principal, body, at, scope: PhantomData })
    }
}

fn text<'h>(headers: &'h HeaderMap, name: &'static str) -> ApiResult<&'h str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
    .ok_or_else(|| {
        let message = "the request must carry X-Api-Key, X-Request-Time and X-Signature, once each";
        ApiError::new(Code::Unauthorized, message).field(name)
    })
}

/// The peer's address; `None` where the router is driven without a socket.
pub fn address(parts: &Parts) -> Option<IpAddr> {
    let ConnectInfo(peer) = parts.extensions.get::<ConnectInfo<SocketAddr>>()?;
    Some(peer.ip())
}

/// Reads a body within `http.body_bytes` and `http.request_seconds`.
///
/// # Errors
/// `unsupported_media_type`, `body_too_large`, `request_timeout`, `invalid_json` when the
/// client goes away half way.
pub async fn read_body(
    headers: &HeaderMap,
    body: axum::body::Body,
    platform: &Platform,
) -> ApiResult<Bytes> {
    let limit = platform.config.http.body_bytes;
    let within = Duration::from_secs(platform.config.http.request_seconds);
    let read = tokio::time::timeout(within, Limited::new(body, limit).collect()).await;
    let body = match read {
        Err(_) => return Err(ApiError::plain(Code::RequestTimeout)),
        Ok(Err(error)) if is_too_large(&*error) => {
            let message = format!("the body is larger than {limit} bytes");
            return Err(ApiError::new(Code::BodyTooLarge, message));
        }
        Ok(Err(_)) => {
            return Err(ApiError::new(Code::InvalidJson, "the body did not arrive whole"));
        }
        Ok(Ok(body)) => body.to_bytes(),
    };
    if !body.is_empty() && !is_json(headers) {
        return Err(ApiError::plain(Code::UnsupportedMediaType));
    }
    Ok(body)
}

/// Whether a body was beyond a limit: this one's, or the same one of a layer around it, whose error
/// arrives wrapped.
fn is_too_large(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut causes = std::iter::successors(Some(error), |error| error.source());
    causes.any(|error| error.is::<LengthLimitError>())
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(Ok(kind)) = headers.get(header::CONTENT_TYPE).map(|value| value.to_str()) else {
        return false;
    };
    let mut parts = kind.split(';').map(str::trim);
    parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case("application/json"))
        && parts.all(|part| part.eq_ignore_ascii_case("charset=utf-8"))
}

/// Query parameters; unknown ones are refused.
pub struct Params<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> ApiResult<Params<T>> {
        match Query::from_request_parts(parts, state).await {
            Ok(Query(params)) => Ok(Params(params)),
            Err(rejection) => Err(ApiError::new(Code::InvalidParameter, rejection.body_text())),
        }
    }
}

/// For calls without query parameters: any is unknown.
pub struct NoParams;

impl<S: Send + Sync> FromRequestParts<S> for NoParams {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> ApiResult<NoParams> {
        match parts.uri.query() {
            None | Some("") => Ok(NoParams),
            Some(_) => {
                let message = "this call has no query parameters";
                Err(ApiError::new(Code::InvalidParameter, message))
            }
        }
    }
}

/// One part of the path, as text.
pub struct Segment(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Segment {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> ApiResult<Segment> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(segment)) => Ok(Segment(segment)),
            Err(rejection) => Err(ApiError::new(Code::InvalidParameter, rejection.body_text())),
        }
    }
}
