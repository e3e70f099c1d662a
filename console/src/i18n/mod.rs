//! Japanese and English: one table of messages, and the words for the contract's codes.
//! Every text a person can see comes from here; a message without a translation does not
//! compile, and tests look for codes without words.

mod codes;
mod messages;

pub use codes::{Word, word};
pub use messages::M;

/// A language of the console.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lang {
    /// Japanese.
    Ja,
    /// English.
    En,
}

impl Lang {
    /// `ja` or `en`; anything else is no language of ours.
    pub fn parse(text: &str) -> Option<Lang> {
        match text {
            "ja" => Some(Lang::Ja),
            "en" => Some(Lang::En),
            _ => None,
        }
    }

    /// The value of `lang` attributes.
    pub fn code(self) -> &'static str {
        match self {
            Lang::Ja => "ja",
            Lang::En => "en",
        }
    }

    /// A message in this language.
    pub fn t(self, message: M) -> &'static str {
        let (en, ja) = message.texts();
        match self {
            Lang::Ja => ja,
            Lang::En => en,
        }
    }

    /// A message with `{0}`, `{1}` … filled in.
    pub fn tf(self, message: M, values: &[&str]) -> String {
        let mut text = self.t(message).to_owned();
        for (at, value) in values.iter().enumerate() {
            text = text.replace(&format!("{{{at}}}"), value);
        }
        text
    }
}
