//! A small identity provider: metadata, keys, authorization and token endpoint over TLS, with
//! keys made at run time. It keeps the protocol strictly, but for what a test tells it to twist.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use axum::body::Body;
use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use parking_lot::Mutex;
use rsa::pkcs1::EncodeRsaPrivateKey;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::backend::secret_file;
use crate::tls::Authority;

pub const CLIENT: &str = "zaraba console";
pub const SECRET: &str = "a secret: with + and ü";

/// What is wrong with the next answers.
#[derive(Clone, Copy, Debug)]
pub enum Twist {
    Nothing,
    /// The token says something else; the time is now's, in Unix seconds.
    Claims(fn(claims: &mut Value, now: i64)),
    AlgorithmNone,
    SharedSecret,
    ForeignKey,
    UnknownKey,
    CodeRefused,
    TokenRubbish,
    TokenTooLong,
    TokenBroken,
    TokenSilent,
    MetadataRubbish,
    MetadataOfOther,
    MetadataPlain,
}

impl Twist {
    /// The person signed in an hour ago.
    pub const OLD_SIGN_IN: Twist = Twist::Claims(|it, now| it["auth_time"] = json!(now - 3600));
    /// The token does not say when they did.
    pub const NO_SIGN_IN_TIME: Twist = Twist::Claims(|it, _| without(it, "auth_time"));
}

/// Takes a claim away.
pub fn without(claims: &mut Value, name: &str) {
    claims.as_object_mut().unwrap().remove(name).unwrap();
}

struct Key {
    kid: String,
    algorithm: Algorithm,
    signing: EncodingKey,
}

impl Key {
    fn elliptic(kid: &str) -> Key {
        let der = rcgen::KeyPair::generate().unwrap().serialize_der();
        let signing = EncodingKey::from_ec_der(&der);
        Key { kid: kid.into(), algorithm: Algorithm::ES256, signing }
    }

    /// RSA keys take long to find: one for all tests of a process.
    fn rsa(kid: &str) -> Key {
        static DER: OnceLock<Vec<u8>> = OnceLock::new();
        let der = DER.get_or_init(|| {
            let key = rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2048).unwrap();
            key.to_pkcs1_der().unwrap().as_bytes().to_vec()
        });
        let signing = EncodingKey::from_rsa_der(der);
        Key { kid: kid.into(), algorithm: Algorithm::RS256, signing }
    }

    fn public(&self) -> Value {
        let mut key = Jwk::from_encoding_key(&self.signing, self.algorithm).unwrap();
        key.common.key_id = Some(self.kid.clone());
        serde_json::to_value(key).unwrap()
    }
}

struct Inner {
    issuer: String,
    key: Key,
    twist: Twist,
    subject: String,
    /// Codes not used yet, with the request they were made for.
    codes: HashMap<String, HashMap<String, String>>,
    made: u32,
    asked: Vec<HashMap<String, String>>,
}

/// The provider as a test holds it.
#[derive(Clone)]
pub struct Provider(Arc<Mutex<Inner>>);

impl Provider {
    /// Serves one with an elliptic key; the settings that lead a console to it, and that let it
    /// answer as late as a busy machine may.
    pub async fn start(files: &std::path::Path, more: &str) -> (Provider, String) {
        Self::start_with_patience(files, more, 30).await
    }

    /// The same, for a console that waits for so many seconds.
    pub async fn start_with_patience(
        files: &std::path::Path,
        more: &str,
        seconds: u64,
    ) -> (Provider, String) {
        let authority = Authority::new();
        let provider = Provider(Arc::new(Mutex::new(Inner {
            issuer: String::new(),
            key: Key::elliptic("first"),
            twist: Twist::Nothing,
            subject: "aki-at-the-firm".into(),
            codes: HashMap::new(),
            made: 0,
            asked: Vec::new(),
        })));
        let router = Router::new()
            .route("/firm/.well-known/openid-configuration", get(metadata))
            .route("/firm/keys", get(keys))
            .route("/firm/authorize", get(authorize))
            .route("/firm/token", post(token))
            .with_state(provider.clone());
        let address = authority.serve(router).await;
        // By name, so that for browsers it is another site than the console.
        let host = format!("localhost:{}", address.port());
        provider.0.lock().issuer = format!("https://{host}/firm");
        authority.write(&files.join("ca.pem"));
        secret_file(&files.join("client.secret"), &format!("{SECRET}\n"));
        let settings = format!(
            "[tls]\nca_file = \"{0}/ca.pem\"\npublic_roots = false\n\
             [oidc]\nissuer = \"https://{host}/firm\"\nname = \"Firm ID\"\n\
             client_id = \"{CLIENT}\"\nclient_secret_file = \"{0}/client.secret\"\n\
             request_seconds = {seconds}\n{more}\n",
            files.display()
        );
        (provider, settings)
    }

    pub fn twist(&self, twist: Twist) {
        self.0.lock().twist = twist;
    }

    /// Who signs in there from now on.
    pub fn subject(&self, subject: &str) {
        self.0.lock().subject = subject.into();
    }

    /// A new key takes the place of the old one.
    pub fn rotate(&self) {
        self.0.lock().key = Key::rsa("second");
    }

    /// The last request to sign in.
    pub fn asked(&self) -> HashMap<String, String> {
        self.0.lock().asked.last().unwrap().clone()
    }

    /// A person signs in: where the browser is sent back to.
    pub fn visit(&self, address: &str) -> String {
        let (path, query) = address.split_once('?').unwrap();
        assert_eq!(path, format!("{}/authorize", self.0.lock().issuer));
        self.authorized(serde_html_form::from_str(query).unwrap())
    }

    /// What it sends when the person signs out there, changed before it is signed.
    pub fn logout_token(&self, change: impl FnOnce(&mut Value, i64)) -> String {
        self.logout_token_typed("logout+jwt", change)
    }

    /// The same, that says of itself that it is something else.
    pub fn logout_token_typed(&self, kind: &str, change: impl FnOnce(&mut Value, i64)) -> String {
        let mut inner = self.0.lock();
        inner.made += 1;
        let now = zaraba_console::clock::now().as_second();
        let mut claims = json!({
            "iss": inner.issuer, "aud": CLIENT, "sub": inner.subject, "iat": now, "exp": now + 120,
            "jti": format!("logout {}", inner.made), "sid": format!("session of {}", inner.subject),
            "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
        });
        change(&mut claims, now);
        inner.signed(kind, claims)
    }

    fn authorized(&self, asked: HashMap<String, String>) -> String {
        let mut inner = self.0.lock();
        for (name, value) in [
            ("response_type", "code"),
            ("client_id", CLIENT),
            ("scope", "openid"),
            ("code_challenge_method", "S256"),
        ] {
            assert_eq!(asked[name], value, "{name}");
        }
        assert!(asked["nonce"].len() >= 43 && asked["state"].len() >= 43, "{asked:?}");
        inner.made += 1;
        let code = format!("code {}", inner.made);
        let back = format!(
            "{}?state={}&code={}",
            asked["redirect_uri"],
            asked["state"],
            code.replace(' ', "+")
        );
        inner.codes.insert(code, asked.clone());
        inner.asked.push(asked);
        back
    }
}

async fn metadata(State(provider): State<Provider>) -> Response {
    let inner = provider.0.lock();
    let at = |path: &str| format!("{}/{path}", inner.issuer);
    let mut all = json!({
        "issuer": inner.issuer,
        "authorization_endpoint": at("authorize"),
        "token_endpoint": at("token"),
        "jwks_uri": at("keys"),
        "end_session_endpoint": at("leave"),
    });
    match inner.twist {
        Twist::MetadataRubbish => return "<html>sign in</html>".into_response(),
        Twist::MetadataOfOther => all["issuer"] = json!("https://other.example"),
        Twist::MetadataPlain => all["token_endpoint"] = json!("http://id.example/token"),
        _ => {}
    }
    Json(all).into_response()
}

async fn keys(State(provider): State<Provider>) -> Json<Value> {
    // What a client does not know it has to leave alone.
    let unknown = json!({"kty": "lattice", "kid": "third", "seed": 7});
    Json(json!({"keys": [unknown, provider.0.lock().key.public()]}))
}

async fn authorize(
    State(provider): State<Provider>,
    Query(asked): Query<HashMap<String, String>>,
) -> Redirect {
    Redirect::to(&provider.authorized(asked))
}

async fn token(
    State(provider): State<Provider>,
    headers: HeaderMap,
    Form(sent): Form<HashMap<String, String>>,
) -> Response {
    let silent = matches!(provider.0.lock().twist, Twist::TokenSilent);
    if silent {
        std::future::pending::<()>().await;
    }
    let mut inner = provider.0.lock();
    let encoded = |text: &str| zaraba_console::guard::form_encode(text);
    let client = STANDARD.encode(format!("{}:{}", encoded(CLIENT), encoded(SECRET)));
    assert_eq!(headers["authorization"], format!("Basic {client}"));
    assert_eq!(sent["grant_type"], "authorization_code");
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(sent["code_verifier"].as_bytes()));
    // A code is worth something once, with the secret behind its challenge.
    let asked = inner.codes.remove(&sent["code"]).filter(|asked| {
        asked["code_challenge"] == challenge && asked["redirect_uri"] == sent["redirect_uri"]
    });
    let refused = matches!(inner.twist, Twist::CodeRefused);
    let Some(asked) = asked.filter(|_| !refused) else {
        return (StatusCode::BAD_REQUEST, Json(json!({"error": "invalid_grant"}))).into_response();
    };
    let too_long = vec![b' '; zaraba_console::outward::LARGEST + 1];
    match inner.twist {
        Twist::TokenRubbish => return "id_token=nonsense".into_response(),
        Twist::TokenTooLong => return Body::from(too_long).into_response(),
        Twist::TokenBroken => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        _ => {}
    }
    Json(json!({"token_type": "Bearer", "access_token": "unused", "id_token": inner.id_token(&asked)}))
        .into_response()
}

impl Inner {
    fn id_token(&self, asked: &HashMap<String, String>) -> String {
        let now = zaraba_console::clock::now().as_second();
        let mut claims = json!({
            "iss": self.issuer, "aud": CLIENT, "sub": self.subject, "nonce": asked["nonce"],
            "iat": now, "exp": now + 300, "auth_time": now, "acr": "two-factors",
            "email": "aki@example.com", "sid": format!("session of {}", self.subject),
        });
        if let Twist::Claims(twist) = self.twist {
            twist(&mut claims, now);
        }
        self.signed("JWT", claims)
    }

    /// A token with these claims, or with what is to be wrong with it.
    fn signed(&self, kind: &str, claims: Value) -> String {
        let mut header = Header::new(self.key.algorithm);
        header.kid = Some(self.key.kid.clone());
        header.typ = Some(kind.into());
        let other = Key::elliptic("first");
        let mut signing = &self.key.signing;
        let shared = EncodingKey::from_secret(SECRET.as_bytes());
        match self.twist {
            Twist::ForeignKey => signing = &other.signing,
            Twist::UnknownKey => header.kid = Some("never listed".into()),
            Twist::SharedSecret => {
                header.alg = Algorithm::HS256;
                signing = &shared;
            }
            Twist::AlgorithmNone => {
                let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
                return format!("{}.{}.", part(json!({"alg": "none", "typ": kind})), part(claims));
            }
            _ => {}
        }
        encode(&header, &claims, signing).unwrap()
    }
}
