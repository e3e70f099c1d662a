//! A person's own settings.

use askama::Template;
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::app::App;
use crate::error::{Failure, html};
use crate::guard::Form;
use crate::i18n::{Lang, M, P, Word};
use crate::store::staff;
use crate::view::{View, ZONES, zone};

#[derive(Template)]
#[template(path = "preferences.html")]
struct PreferencesPage<'a> {
    v: &'a View,
    saved: bool,
    zones: &'a [&'a str],
    zone: &'a str,
    languages: [(&'a str, &'a str); 2],
    themes: [(&'a str, &'a str); 3],
    rises: [(&'a str, &'a str); 2],
    roles: String,
}

/// Whether something was just saved.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Arrival {
    saved: Option<String>,
}

/// The form.
pub async fn form(view: View, Query(arrival): Query<Arrival>) -> Result<Response, Failure> {
    html(&PreferencesPage {
        saved: arrival.saved.is_some(),
        zones: &ZONES,
        zone: view.zone.iana_name().unwrap_or("UTC"),
        languages: [("ja", view.t(M::Japanese)), ("en", view.t(M::English))],
        themes: [
            ("auto", view.t(M::ThemeAuto)),
            ("light", view.t(M::ThemeLight)),
            ("dark", view.t(M::ThemeDark)),
        ],
        rises: [("red", view.t(M::RiseRed)), ("green", view.t(M::RiseGreen))],
        roles: roles(&view),
        v: &view,
    })
}

/// The reader's roles, in words.
fn roles(view: &View) -> String {
    let roles = view.person.iter().flat_map(|person| &person.roles);
    let words: Vec<String> = roles.map(|role| view.w(Word::Value, role.as_str())).collect();
    words.join(", ")
}

/// What the form sends.
#[derive(Deserialize)]
pub struct Submitted {
    language: String,
    zone: String,
    theme: String,
    rise: String,
    shortcuts: String,
}

/// Saves it.
pub async fn save(
    State(app): State<App>,
    view: View,
    Form(sent): Form<Submitted>,
) -> Result<Response, Failure> {
    let person = view.person.as_ref().ok_or(Failure::Forbidden)?;
    let lang = Lang::parse(&sent.language);
    let checks = [
        ("language", lang.is_some()),
        ("zone", zone(&sent.zone).is_some()),
        ("theme", ["auto", "light", "dark"].contains(&sent.theme.as_str())),
        ("rise", ["red", "green"].contains(&sent.rise.as_str())),
        ("shortcuts", ["on", "off"].contains(&sent.shortcuts.as_str())),
    ];
    if let Some((field, _)) = checks.iter().find(|(_, valid)| !valid) {
        return Err(Failure::BadRequest((*field).to_owned()));
    }
    let preferences = staff::Preferences {
        language: sent.language,
        zone: sent.zone,
        theme: sent.theme,
        rise: sent.rise,
        shortcuts: sent.shortcuts == "on",
    };
    staff::save_preferences(&app.pool, person.staff_id, &preferences).await?;
    let mut response = Redirect::to("/preferences?saved=1").into_response();
    if let Some(lang) = lang {
        let cookie = crate::session::language_cookie(&app, lang);
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}
