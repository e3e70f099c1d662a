//! Verification of the whole chain: started here, carried out in the console, looked at from
//! anywhere.

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

use crate::app::App;
use crate::audit::Who;
use crate::audit::job::Job;
use crate::audit::store;
use crate::audit::verify::{Damage, Finding};
use crate::error::{Failure, html};
use crate::guard::Form;
use crate::i18n::{M, U};
use crate::view::View;

/// How the chain stands against the journal.
struct Coverage {
    /// Entries in all.
    entries: i64,
    /// What the newest anchor covers, and when it was set.
    anchor: Option<(i64, jiff::Timestamp)>,
}

impl Coverage {
    async fn now(app: &App) -> Result<Coverage, Failure> {
        let entries = store::head(&app.pool).await?.map_or(0, |(seq, _)| seq);
        Ok(Coverage { entries, anchor: store::newest_anchor(&app.pool).await? })
    }

    /// Entries that no anchor covers.
    fn open(&self) -> i64 {
        self.entries - self.anchor.map_or(0, |(count, _)| count)
    }
}

#[derive(Template)]
#[template(path = "audit/verify.html", blocks = ["state"])]
struct VerifyPage<'a> {
    v: &'a View,
    job: Job,
    coverage: Coverage,
}

impl VerifyPage<'_> {
    /// What is wrong, in words.
    fn in_words(&self, finding: &Finding) -> String {
        match finding.damage {
            Damage::Missing(first) => self.v.t1(U::Missing, first),
            Damage::Unlinked => self.v.t(U::Unlinked).into(),
            Damage::Changed => self.v.t(U::Changed).into(),
            Damage::Anchor(seq) => self.v.t1(U::AnchorDiffers, seq),
            Damage::Cut(seq) => self.v.t1(U::CutOff, seq),
        }
    }
}

/// The page.
pub async fn page(State(app): State<App>, view: View) -> Result<Response, Failure> {
    let coverage = Coverage::now(&app).await?;
    html(&VerifyPage { v: &view, job: app.verifications.now(), coverage })
}

/// The part of the page that changes; asked for every second while a verification is at work.
pub async fn state(State(app): State<App>, view: View) -> Result<Response, Failure> {
    let coverage = Coverage::now(&app).await?;
    let page = VerifyPage { v: &view, job: app.verifications.now(), coverage };
    html(&page.as_state())
}

/// Nothing but the form's token.
#[derive(Deserialize)]
pub struct Start {}

/// Starts one, unless one is at work.
pub async fn start(
    State(app): State<App>,
    view: View,
    Form(Start {}): Form<Start>,
) -> Result<Response, Failure> {
    app.verifications.start(app.pool.clone(), app.trail.clone(), Who::reads(&view));
    Ok(Redirect::to("/audit/verify").into_response())
}
