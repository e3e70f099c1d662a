//! Japanese and English: one table of messages, and the words for the contract's codes.
//! Every text a person can see comes from here; a message without a translation does not
//! compile, and tests look for codes without words.

mod accounts;
mod audit;
mod charts;
mod codes;
#[path = "messages.rs"]
mod frame;
mod instruments;
mod lists;
mod people;
mod requests;
mod rules;

pub use accounts::A;
pub use audit::U;
pub use charts::C;
pub use codes::{Word, word, words};
pub use frame::M;
pub use instruments::I;
pub use lists::L;
pub use people::P;
pub use requests::R;
pub use rules::explained;

/// A text in both languages.
pub trait Message: Copy {
    /// English and Japanese.
    fn texts(self) -> (&'static str, &'static str);
}

impl<T: Message> Message for &T {
    fn texts(self) -> (&'static str, &'static str) {
        (*self).texts()
    }
}

/// Makes a table of messages: the name of its enum, then `Name: "English", "Japanese";` lines.
macro_rules! messages {
    ($table:ident, $($name:ident: $en:literal, $ja:literal;)*) => {
        /// A message. What it says is in the table of this module.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(missing_docs)]
        pub enum $table { $($name),* }

        impl $table {
            /// Every message there is, with its name.
            #[cfg(test)]
            pub(crate) const ALL: &'static [(&'static str, $table)] =
                &[$((stringify!($name), $table::$name)),*];
        }

        impl $crate::i18n::Message for $table {
            fn texts(self) -> (&'static str, &'static str) {
                match self { $($table::$name => ($en, $ja)),* }
            }
        }
    };
}
use messages;

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
    pub fn t(self, message: impl Message) -> &'static str {
        let (en, ja) = message.texts();
        match self {
            Lang::Ja => ja,
            Lang::En => en,
        }
    }

    /// A message with `{0}`, `{1}` … filled in.
    pub fn tf(self, message: impl Message, values: &[&str]) -> String {
        let mut text = self.t(message).to_owned();
        for (at, value) in values.iter().enumerate() {
            text = text.replace(&format!("{{{at}}}"), value);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::{A, C, I, L, M, Message, P, R, U};

    /// Every table of messages, as (table, name, English, Japanese).
    fn all() -> Vec<(&'static str, &'static str, &'static str, &'static str)> {
        fn rows<T: Message>(
            table: &'static str,
            all: &'static [(&'static str, T)],
        ) -> impl Iterator<Item = (&'static str, &'static str, &'static str, &'static str)>
        {
            all.iter().map(move |(name, message)| {
                let (en, ja) = message.texts();
                (table, *name, en, ja)
            })
        }
        let mut all: Vec<_> = rows("M", M::ALL).collect();
        all.extend(rows("C", C::ALL));
        all.extend(rows("P", P::ALL));
        all.extend(rows("R", R::ALL));
        all.extend(rows("L", L::ALL));
        all.extend(rows("A", A::ALL));
        all.extend(rows("U", U::ALL));
        all.extend(rows("I", I::ALL));
        all
    }

    #[test]
    fn every_message_says_something_and_both_languages_take_the_same_values() {
        for (table, name, en, ja) in all() {
            assert!(!en.trim().is_empty() && !ja.trim().is_empty(), "{table}::{name} is empty");
            for place in ["{0}", "{1}", "{2}"] {
                assert_eq!(en.contains(place), ja.contains(place), "{table}::{name} and {place}");
            }
        }
    }

    #[test]
    fn japanese_is_japanese() {
        // Names that are the same in both languages are few, and listed here on purpose.
        let same = ["Japanese", "English", "Postgres", "P50", "P99"];
        for (table, name, en, ja) in all() {
            assert!(en != ja || same.contains(&name), "{table}::{name} is not translated");
        }
    }
}
