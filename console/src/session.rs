//! Sessions: the cookie, its rotation, and who is behind a request. The value is 256 bits of
//! randomness; the database keeps only its hash. Policy of time limits is in the settings.

use axum::http::{HeaderMap, HeaderValue, header};
use subtle::ConstantTimeEq;

use crate::app::App;
use crate::authz::{Person, Role, Scope};
use crate::error::Failure;
use crate::i18n::Lang;
use crate::store::sessions::{self, Found};
use crate::view::{View, zone};

/// Cookie that remembers the language between sign-ins.
const LANGUAGE_COOKIE: &str = "lang";

/// The session's cookie.
pub const SESSION_COOKIE: &str = "sid";

/// Seconds that a step of signing in may take.
const SHORT: u32 = 600;

/// 256 random bits.
///
/// # Panics
/// When the operating system gives none: nothing secret can be made then.
pub fn random() -> [u8; 32] {
    let mut bytes = [0; 32];
    if let Err(error) = getrandom::fill(&mut bytes) {
        panic!("the operating system gives no random bytes: {error}");
    }
    bytes
}

/// A session's secret, as in the browser's cookie.
#[derive(Clone)]
pub struct Token(String);

impl Token {
    /// A fresh one.
    pub fn fresh() -> Token {
        Token(hex::encode(random()))
    }

    /// The one a request carries, if it has the right form.
    pub fn of(app: &App, headers: &HeaderMap) -> Option<Token> {
        Token::of_cookie(app, headers, SESSION_COOKIE)
    }

    /// The one in a cookie of this name, if it has the right form.
    pub fn of_cookie(app: &App, headers: &HeaderMap, name: &str) -> Option<Token> {
        let value = cookie_value(app, headers, name)?;
        let well_formed = value.len() == 64 && value.bytes().all(|b| b.is_ascii_hexdigit());
        well_formed.then(|| Token(value.to_owned()))
    }

    /// The `Set-Cookie` value that keeps this for ten minutes under a name of its own.
    pub fn set_short_cookie(&self, app: &App, name: &str) -> HeaderValue {
        set_cookie(app, name, &self.0, "Strict", Some(SHORT))
    }

    /// What the database keeps.
    pub fn hash(&self) -> [u8; 32] {
        *blake3::hash(self.0.as_bytes()).as_bytes()
    }

    /// The token that forms of this session carry. Derived, so that it needs no storage, and
    /// one-way, so that a leaked page does not give the session away.
    pub fn csrf(&self) -> String {
        hex::encode(blake3::derive_key("zaraba console 2026 form token", self.0.as_bytes()))
    }

    /// Whether a form carries this session's token.
    pub fn matches_csrf(&self, token: &str) -> bool {
        self.csrf().as_bytes().ct_eq(token.as_bytes()).into()
    }

    /// The `Set-Cookie` value that gives this session to the browser.
    pub fn set_cookie(&self, app: &App) -> HeaderValue {
        set_cookie(app, SESSION_COOKIE, &self.0, "Strict", None)
    }
}

/// The `Set-Cookie` value that takes a cookie of ours from the browser: the session's is `sid`.
pub fn clear_cookie(app: &App, name: &str) -> HeaderValue {
    set_cookie(app, name, "", "Strict", Some(0))
}

/// The value of a cookie of ours, whatever its form.
pub fn cookie_value<'h>(app: &App, headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    cookie(headers, &full_name(app, name))
}

/// The `Set-Cookie` value of a cookie that lives for ten minutes and comes along, too, when
/// somebody else's page leads the browser back here.
pub fn lax_cookie(app: &App, name: &str, value: &str) -> HeaderValue {
    set_cookie(app, name, value, "Lax", Some(SHORT))
}

/// The `Set-Cookie` value that takes such a cookie from the browser.
pub fn clear_lax_cookie(app: &App, name: &str) -> HeaderValue {
    set_cookie(app, name, "", "Lax", Some(0))
}

/// A `Set-Cookie` value; without `seconds` the cookie goes with the browser.
fn set_cookie(
    app: &App,
    name: &str,
    value: &str,
    same_site: &str,
    seconds: Option<u32>,
) -> HeaderValue {
    let secure = if app.config.session.secure_cookies { "; Secure" } else { "" };
    let age = seconds.map(|seconds| format!("; Max-Age={seconds}")).unwrap_or_default();
    let name = full_name(app, name);
    let text = format!("{name}={value}; Path=/{age}; HttpOnly; SameSite={same_site}{secure}");
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// The `Set-Cookie` value that remembers a language on the sign-in page.
pub fn language_cookie(app: &App, lang: Lang) -> HeaderValue {
    let secure = if app.config.session.secure_cookies { "; Secure" } else { "" };
    let text = format!(
        "{LANGUAGE_COOKIE}={}; Path=/; Max-Age=31536000; HttpOnly; SameSite=Strict{secure}",
        lang.code()
    );
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// `__Host-` makes browsers refuse the cookie from anyone but this very host over a secure
/// connection; they refuse the prefix without `Secure`, so the insecure name has none.
fn full_name(app: &App, name: &str) -> String {
    if app.config.session.secure_cookies { format!("__Host-{name}") } else { name.to_owned() }
}

fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value)
}

/// The language a stranger asked for before, if any.
pub fn remembered_language(headers: &HeaderMap) -> Option<Lang> {
    Lang::parse(cookie(headers, LANGUAGE_COOKIE)?)
}

/// Who is behind a request: the view of its person, or of a stranger. With `used`, the
/// request counts against the idle timeout.
///
/// # Errors
/// When the database does not answer.
pub async fn view(app: &App, headers: &HeaderMap, path: &str, used: bool) -> Result<View, Failure> {
    let stranger = || View::stranger(&app.config, remembered_language(headers), path);
    let Some(token) = Token::of(app, headers) else { return Ok(stranger()) };
    let hash = token.hash();
    let (idle, recent) = (app.config.session.idle_minutes, app.config.sign_in.recent_minutes);
    let found = sessions::find(&app.pool, &hash, idle, recent).await?;
    let Some(found) = found else { return Ok(stranger()) };
    if used && found.refresh {
        sessions::touch(&app.pool, &hash).await?;
    }
    Ok(signed_in(stranger(), token.csrf(), found))
}

/// The view of the person whose session has this hash, while it lasts. It has no form token:
/// the secret itself is not known.
///
/// # Errors
/// When the database does not answer.
pub async fn of_hash(
    app: &App,
    hash: &[u8],
    headers: &HeaderMap,
    path: &str,
) -> Result<Option<View>, Failure> {
    let (idle, recent) = (app.config.session.idle_minutes, app.config.sign_in.recent_minutes);
    let found = sessions::find(&app.pool, hash, idle, recent).await?;
    let stranger = View::stranger(&app.config, remembered_language(headers), path);
    Ok(found.map(|found| signed_in(stranger, String::new(), found)))
}

fn signed_in(base: View, csrf: String, found: Found) -> View {
    View {
        lang: Lang::parse(&found.language).unwrap_or(base.lang),
        zone: zone(&found.zone).unwrap_or(base.zone.clone()),
        theme: found.theme,
        rise: found.rise,
        shortcuts: found.shortcuts,
        person: Some(Person {
            staff_id: found.staff_id,
            session_id: found.session_id,
            login: found.login,
            name: found.name,
            roles: found.roles.iter().filter_map(|role| Role::parse(role)).collect(),
            scope: Scope { hidden_groups: found.hidden_groups },
            recent: found.recent,
            second: found.second,
        }),
        csrf,
        ..base
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_found_by_whole_name() {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, "xsid=1; sid=2; lang=en".parse().unwrap());
        assert_eq!(cookie(&headers, "sid"), Some("2"));
        assert_eq!(cookie(&headers, "id"), None);
        assert_eq!(remembered_language(&headers), Some(Lang::En));
    }

    #[test]
    fn form_tokens_belong_to_one_session() {
        let (a, b) = (Token::fresh(), Token::fresh());
        assert!(a.matches_csrf(&a.csrf()));
        assert!(!b.matches_csrf(&a.csrf()));
        assert!(!a.matches_csrf(""));
        assert_ne!(a.csrf(), a.0);
    }
}
