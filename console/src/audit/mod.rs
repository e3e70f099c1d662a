//! The audit trail: who signed in, saw personal data, exported, asked, decided and acted.
//! [`record`] returns when an entry is committed; a page that shows personal data calls it
//! before it answers, and shows the failure when the entry could not be written. Entries form a
//! hash chain (`hash`) whose head is anchored in the journal.

pub mod anchor;
pub mod cli;
pub mod files;
pub mod hash;
pub mod job;
pub mod store;
pub mod verify;
mod writer;

use serde_json::Value;
use uuid::Uuid;

use crate::app::App;
use crate::error::Failure;
use crate::view::View;

pub use writer::Trail;

/// Makes [`Kind`]: `Name "text in the table": "English", "Japanese";` lines.
macro_rules! kinds {
    ($($name:ident $text:literal: $en:literal, $ja:literal;)*) => {
        /// What an entry is about. Its text stands in the table for ever: never change one.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[allow(missing_docs)] // said in both languages where they are listed
        pub enum Kind { $($name),* }

        impl Kind {
            /// Every kind.
            pub const ALL: &'static [Kind] = &[$(Kind::$name),*];

            /// Its text in the table.
            pub fn as_str(self) -> &'static str {
                match self { $(Kind::$name => $text),* }
            }
        }

        impl crate::i18n::Message for Kind {
            fn texts(self) -> (&'static str, &'static str) {
                match self { $(Kind::$name => ($en, $ja)),* }
            }
        }
    };
}

kinds! {
    SignIn "sign_in": "Signed in", "サインイン";
    SignInRefused "sign_in_refused": "Sign-in refused", "サインイン拒否";
    SignOut "sign_out": "Signed out", "サインアウト";
    Confirm "confirm": "Proved identity again", "本人再確認";
    Session "session": "Session ended by a person", "セッション終了操作";
    Credential "credential": "Sign-in method changed", "サインイン方法の変更";
    Staff "staff": "Staff changed", "職員の変更";
    View "view": "Saw personal data", "個人データの閲覧";
    Search "search": "Searched", "検索";
    Export "export": "Exported", "データ出力";
    Request "request": "Requested", "申請";
    Decision "decision": "Decided on a request", "申請の決裁";
    Action "action": "Acted", "操作の実行";
    Verify "verify": "Verified the audit trail", "監査証跡の検証";
}

impl Kind {
    /// The kind with this text.
    pub fn parse(text: &str) -> Option<Kind> {
        Kind::ALL.iter().copied().find(|kind| kind.as_str() == text)
    }
}

/// What an entry concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Object {
    /// An account by its code.
    Account(String),
    /// An order by its number.
    Order(i64),
    /// An instrument by its symbol.
    Instrument(String),
    /// A person by their sign-in name.
    Staff(String),
    /// A request by its id.
    Request(Uuid),
    /// A list: `orders`, `fills`. Its detail says what was asked for and, in `accounts`, whose
    /// data was shown.
    List(&'static str),
    /// Nothing in particular.
    None,
}

impl Object {
    /// Kind and id as in the table.
    pub fn parts(&self) -> (&'static str, String) {
        match self {
            Object::Account(code) => ("account", code.clone()),
            Object::Order(id) => ("order", id.to_string()),
            Object::Instrument(symbol) => ("instrument", symbol.clone()),
            Object::Staff(login) => ("staff", login.clone()),
            Object::Request(id) => ("request", id.hyphenated().to_string()),
            Object::List(name) => ("list", (*name).to_owned()),
            Object::None => ("none", String::new()),
        }
    }
}

/// Kinds of objects, as in the table.
pub const OBJECT_KINDS: [&str; 7] =
    ["account", "order", "instrument", "staff", "request", "list", "none"];

/// What happened.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What it is about.
    pub kind: Kind,
    /// What it concerns.
    pub object: Object,
    /// Whatever else a reader of the trail should know; never a secret. An object; in lists,
    /// `accounts` holds the codes of accounts whose data was shown.
    pub detail: Value,
    /// The request it belongs to.
    pub request: Option<Uuid>,
}

/// Who did it, from where.
#[derive(Clone, Debug, Default)]
pub struct Who {
    /// Row in `console.staff`; none when nobody was signed in.
    pub staff_id: Option<i32>,
    /// Sign-in name; of a refused sign-in, what was tried.
    pub login: String,
    /// Row of the session.
    pub session_id: Option<i64>,
    /// The browser's address.
    pub address: String,
}

impl Who {
    /// The reader of a view.
    pub fn reads(view: &View) -> Who {
        let person = view.person.as_ref();
        Who {
            staff_id: person.map(|p| p.staff_id),
            login: person.map(|p| p.login.clone()).unwrap_or_default(),
            session_id: person.map(|p| p.session_id),
            address: view.address.clone(),
        }
    }
}

/// Records what the reader of a view did or saw; returns when the entry is committed.
///
/// # Errors
/// When it could not be recorded: then nothing may be shown or done.
pub async fn record(app: &App, view: &View, entry: Entry) -> Result<(), Failure> {
    app.trail.record(Who::reads(view), entry).await
}

/// Records what somebody did who has no view of their own: a sign-in, a refused one, a task.
///
/// # Errors
/// When it could not be recorded.
pub async fn record_as(app: &App, who: Who, entry: Entry) -> Result<(), Failure> {
    app.trail.record(who, entry).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_have_texts_of_their_own_that_the_table_takes() {
        let texts: std::collections::BTreeSet<&str> =
            Kind::ALL.iter().map(|kind| kind.as_str()).collect();
        assert_eq!(texts.len(), Kind::ALL.len());
        for text in texts {
            assert!(text.len() <= 32 && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
            assert_eq!(Kind::parse(text).unwrap().as_str(), text);
        }
    }
}
