//! The firm's identity provider: OpenID Connect, authorization code flow with PKCE. Finds its
//! addresses and keys, leads there, and turns a code into who somebody is there. Knows no pages
//! and no database; what a proof is good for is decided by whoever asked for it.

use std::time::Duration;

use axum::http::header::{ACCEPT, AUTHORIZATION};
use axum::http::{HeaderValue, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use parking_lot::Mutex;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::token::{self, Bad, Expected, Keys, Logout};
use crate::config::{self, Config};
use crate::guard::form_encode;
use crate::metrics::METRICS;
use crate::outward::{Answer, Call, Outward, check_url};

/// How long its addresses and keys are used before they are asked for again.
const FRESH: Duration = Duration::from_secs(600);
/// How long a person may take at the provider, in seconds.
pub const SECONDS: i64 = 600;
/// Where it sends browsers back to.
pub const BACK: &str = "/sign-in/provider/back";

/// Why somebody's sign-in there counts for nothing here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It cannot be reached, or does not answer as the protocol says.
    #[error("the identity provider: {0}")]
    Away(String),
    /// What came back does not hold.
    #[error("the identity provider's answer does not hold: {0}")]
    Wrong(String),
}

/// Who somebody is at the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The provider.
    pub issuer: String,
    /// Its name for the person, which it never gives to another.
    pub subject: String,
    /// Its name for its session with them, where it tells one.
    pub session: Option<String>,
}

/// What of a way to the provider and back stays in the browser's (sealed) cookie.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Way {
    /// Returned with the code: this browser asked for it.
    pub state: String,
    /// Returned in the token: it was made for this way.
    pub nonce: String,
    /// Only who has it can use the code.
    pub verifier: String,
    /// Whether the person has to prove anew who they are.
    pub anew: bool,
    /// When it began, Unix seconds.
    pub began: i64,
}

impl Way {
    /// A new one.
    pub fn begin(anew: bool) -> Way {
        let secret = || URL_SAFE_NO_PAD.encode(crate::session::random());
        let began = crate::clock::now().as_second();
        Way { state: secret(), nonce: secret(), verifier: secret(), anew, began }
    }

    /// Whether a returned state is this way's.
    pub fn is(&self, state: &str) -> bool {
        self.state.as_bytes().ct_eq(state.as_bytes()).into()
    }
}

/// What the provider says of itself.
#[derive(Clone, Debug, Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    end_session_endpoint: Option<String>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

impl Metadata {
    fn check(&self, issuer: &str) -> Result<(), String> {
        if self.issuer != issuer {
            return Err(format!("it calls itself {:?}, the settings {issuer:?}", self.issuer));
        }
        let end = self.end_session_endpoint.as_ref();
        [&self.authorization_endpoint, &self.token_endpoint, &self.jwks_uri]
            .into_iter()
            .chain(end)
            .try_for_each(|url| check_url(url, false))
    }
}

#[derive(Deserialize)]
struct Tokens {
    id_token: String,
}

/// What is known of the provider, and since when.
#[derive(Default)]
struct Known {
    metadata: Option<(Instant, Metadata)>,
    keys: Option<(Instant, Keys)>,
}

/// What is known, while it is fresh.
fn fresh<T: Clone>(known: &Option<(Instant, T)>) -> Option<T> {
    known.as_ref().filter(|(at, _)| at.elapsed() < FRESH).map(|(_, it)| it.clone())
}

/// The provider of the settings.
pub struct Provider {
    config: config::Oidc,
    /// Address the provider sends browsers back to; registered there.
    redirect: String,
    /// Address of the sign-in page, where signing out at the provider leads.
    home: String,
    outward: Outward,
    known: Mutex<Known>,
}

impl Provider {
    /// The one of the settings, where there is one. Contacts nothing yet.
    pub fn of(config: &Config, outward: &Outward) -> Option<Provider> {
        (!config.oidc.issuer.is_empty()).then(|| Provider {
            redirect: format!("{}{BACK}", config.public_url),
            home: format!("{}/sign-in?out=1", config.public_url),
            config: config.oidc.clone(),
            outward: outward.clone(),
            known: Mutex::default(),
        })
    }

    /// How people call it.
    pub fn name(&self) -> &str {
        &self.config.name
    }

    /// What it calls itself.
    pub fn issuer(&self) -> &str {
        &self.config.issuer
    }

    /// Whether a sign-in there is worth two factors here.
    pub fn second(&self) -> bool {
        self.config.second_factor == "provider"
    }

    /// Address to lead a browser to.
    ///
    /// # Errors
    /// When the provider is away.
    pub async fn address(&self, way: &Way) -> Result<String, Refused> {
        let metadata = self.metadata().await?;
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(way.verifier.as_bytes()));
        let mut fields = vec![
            ("response_type", "code"),
            ("scope", "openid"),
            ("client_id", self.config.client_id.as_str()),
            ("redirect_uri", self.redirect.as_str()),
            ("state", way.state.as_str()),
            ("nonce", way.nonce.as_str()),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
        ];
        if way.anew {
            fields.extend([("prompt", "login"), ("max_age", "0")]);
        }
        if !self.config.acr.is_empty() {
            fields.push(("acr_values", self.config.acr.as_str()));
        }
        Ok(with_query(&metadata.authorization_endpoint, &fields))
    }

    /// Address at which a person signs out of the provider, too, where it has one.
    pub async fn sign_out_address(&self) -> Option<String> {
        let end = self.metadata().await.ok()?.end_session_endpoint?;
        let fields = [
            ("client_id", self.config.client_id.as_str()),
            ("post_logout_redirect_uri", self.home.as_str()),
        ];
        Some(with_query(&end, &fields))
    }

    /// Turns the code of a way into who somebody is.
    ///
    /// # Errors
    /// When the provider is away, refuses the code, or its token does not hold.
    pub async fn who(&self, way: &Way, code: &str) -> Result<Subject, Refused> {
        let id_token = self.exchange(way, code).await?;
        let expected = Expected {
            issuer: &self.config.issuer,
            client_id: &self.config.client_id,
            nonce: &way.nonce,
            since: way.anew.then_some(way.began),
            acr: &self.config.acr,
        };
        let now = crate::clock::now().as_second();
        let check = |keys: &Keys| token::check(&id_token, keys, &expected, now);
        let token::Identified { subject, session } = self.with_keys(check).await?;
        Ok(Subject { issuer: self.config.issuer.clone(), subject, session })
    }

    /// What a logout token says that the provider sent by itself.
    ///
    /// # Errors
    /// When the token does not hold, or its keys cannot be asked for.
    pub async fn logged_out(&self, logout_token: &str) -> Result<Logout, Refused> {
        let now = crate::clock::now().as_second();
        let us = (self.config.issuer.as_str(), self.config.client_id.as_str());
        self.with_keys(|keys| token::check_logout(logout_token, keys, us, now)).await
    }

    /// Checks a token with the provider's keys.
    async fn with_keys<T>(&self, check: impl Fn(&Keys) -> Result<T, Bad>) -> Result<T, Refused> {
        let found = match check(&self.keys(false).await?) {
            // Its keys change: the one of this token may be newer than ours.
            Err(Bad::UnknownKey) => check(&self.keys(true).await?),
            found => found,
        };
        found.map_err(|bad| Refused::Wrong(bad.to_string()))
    }

    async fn exchange(&self, way: &Way, code: &str) -> Result<String, Refused> {
        let metadata = self.metadata().await?;
        let secret = self.secret()?;
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", self.redirect.as_str()),
            ("code_verifier", way.verifier.as_str()),
        ];
        let mut headers = vec![(ACCEPT, HeaderValue::from_static("application/json"))];
        let methods = metadata.token_endpoint_auth_methods_supported.as_deref();
        // Without a list it is the header.
        let in_body = methods.is_some_and(|all| {
            !all.iter().any(|method| method == "client_secret_basic")
                && all.iter().any(|method| method == "client_secret_post")
        });
        if in_body {
            fields.push(("client_id", self.config.client_id.as_str()));
            fields.push(("client_secret", secret.as_str()));
        } else {
            headers.push((AUTHORIZATION, basic(&self.config.client_id, &secret)?));
        }
        let body = Some(("application/x-www-form-urlencoded", encoded(&fields).into()));
        let answer = self.call("token", &metadata.token_endpoint, headers, body).await?;
        // 4xx is an answer about this code; all else is about the provider.
        if answer.status.is_client_error() {
            return Err(Refused::Wrong(format!("the code was refused ({})", answer.status)));
        }
        let tokens: Tokens = read("token", &answer)?;
        Ok(tokens.id_token)
    }

    fn secret(&self) -> Result<Zeroizing<String>, Refused> {
        let path = &self.config.client_secret_file;
        let text = zaraba_secret::read(path)
            .map_err(|e| Refused::Away(format!("client_secret_file {}: {e}", path.display())))?;
        Ok(Zeroizing::new(text.trim().to_owned()))
    }

    async fn metadata(&self) -> Result<Metadata, Refused> {
        if let Some(metadata) = fresh(&self.known.lock().metadata) {
            return Ok(metadata);
        }
        // Nobody waits for another's question: a provider that is away is told of at once.
        let issuer = self.config.issuer.trim_end_matches('/');
        let url = format!("{issuer}/.well-known/openid-configuration");
        let metadata: Metadata = self.get("metadata", &url).await?;
        metadata.check(&self.config.issuer).map_err(|e| Refused::Away(format!("{url}: {e}")))?;
        self.known.lock().metadata = Some((Instant::now(), metadata.clone()));
        Ok(metadata)
    }

    async fn keys(&self, anew: bool) -> Result<Keys, Refused> {
        let url = self.metadata().await?.jwks_uri;
        if let (false, Some(keys)) = (anew, fresh(&self.known.lock().keys)) {
            return Ok(keys);
        }
        let keys: Keys = self.get("keys", &url).await?;
        self.known.lock().keys = Some((Instant::now(), keys.clone()));
        Ok(keys)
    }

    async fn get<T: DeserializeOwned>(&self, what: &str, url: &str) -> Result<T, Refused> {
        let headers = vec![(ACCEPT, HeaderValue::from_static("application/json"))];
        read(what, &self.call(what, url, headers, None).await?)
    }

    async fn call(
        &self,
        what: &str,
        url: &str,
        headers: Vec<(axum::http::HeaderName, HeaderValue)>,
        body: Option<(&'static str, axum::body::Bytes)>,
    ) -> Result<Answer, Refused> {
        let patience = Duration::from_secs(self.config.request_seconds);
        let answer = self.outward.call(Call { url, headers, body, patience }).await;
        let result = if answer.is_ok() { "answered" } else { "failed" };
        METRICS.provider_calls.with_label_values(&[what, result]).inc();
        answer.map_err(|e| Refused::Away(format!("{url}: {e}")))
    }
}

fn read<T: DeserializeOwned>(what: &str, answer: &Answer) -> Result<T, Refused> {
    if answer.status != StatusCode::OK {
        return Err(Refused::Away(format!("{what}: answered {}", answer.status)));
    }
    // The place of the mistake is told, not the text: it may hold a token.
    serde_json::from_slice(&answer.body).map_err(|e| {
        let place = format!("line {}, column {}", e.line(), e.column());
        Refused::Away(format!("{what}: not the JSON the protocol asks for, at {place}"))
    })
}

fn basic(id: &str, secret: &str) -> Result<HeaderValue, Refused> {
    let pair = STANDARD.encode(format!("{}:{}", form_encode(id), form_encode(secret)));
    let mut value = HeaderValue::from_str(&format!("Basic {pair}"))
        .map_err(|_| Refused::Away("the client secret cannot be sent".into()))?;
    value.set_sensitive(true);
    Ok(value)
}

fn encoded(fields: &[(&str, &str)]) -> String {
    let pairs: Vec<String> =
        fields.iter().map(|(name, value)| format!("{name}={}", form_encode(value))).collect();
    pairs.join("&")
}

fn with_query(url: &str, fields: &[(&str, &str)]) -> String {
    let between = if url.contains('?') { '&' } else { '?' };
    format!("{url}{between}{}", encoded(fields))
}
