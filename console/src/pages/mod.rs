//! The pages, one file per page: what it reads, its template's data, its handlers. A page
//! works as one plain request; live parts are blocks of the same template.

pub mod book;
pub mod books;
pub mod licences;
pub mod operation;
pub mod order;
pub mod orders;
pub mod overview;
pub mod preferences;
pub mod search;
pub mod sign_in;

use jiff::Timestamp;

use crate::i18n::M;
use crate::live::State;
use crate::view::View;

/// The "live / stale since" mark of a live page.
#[derive(Debug)]
pub struct Mark {
    /// `live`, `stale` or `plain`: the dot's look.
    pub class: &'static str,
    /// What it says.
    pub text: String,
}

impl Mark {
    /// The mark of a pushed state.
    pub fn of<T>(view: &View, state: &State<T>) -> Mark {
        match (state.connected, state.heard) {
            (true, Some(_)) => Mark {
                class: "live",
                text: format!("{} {}", view.t(M::Live), view.clock(&view.now)),
            },
            (_, Some(heard)) => {
                Mark { class: "stale", text: view.tf(M::StaleSince, &[&view.clock(&heard)]) }
            }
            (_, None) => Mark { class: "stale", text: view.t(M::NeverSeen).into() },
        }
    }

    /// The mark of a page before its live connection is up.
    pub fn plain(view: &View, at: Option<&Timestamp>) -> Mark {
        Mark { class: "plain", text: view.tf(M::AsOf, &[&view.clock(at.unwrap_or(&view.now))]) }
    }
}
