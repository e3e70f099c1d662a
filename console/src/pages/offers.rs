//! What a page offers to do: links to the forms of actions, with their fields filled in. A
//! link is there only for a kind that exists and for a reader who may ask for it.

use crate::i18n::Word;
use crate::requests;
use crate::view::View;

/// A link to an action's form.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The action's kind.
    pub kind: &'static str,
    /// Its address.
    pub href: String,
    /// What it does.
    pub label: String,
}

/// The offers among these kinds, each with those of the fields that its form has.
pub fn offers(view: &View, kinds: &[&str], fields: &[(&str, &str)]) -> Vec<Offer> {
    kinds.iter().filter_map(|kind| offer(view, kind, fields)).collect()
}

/// One offer, if the reader may have it.
pub fn offer(view: &View, kind: &str, fields: &[(&str, &str)]) -> Option<Offer> {
    let info = requests::kind(kind)?;
    let asked = |name: &str| info.form.iter().any(|field| field.name == name);
    let fields: Vec<(&str, &str)> =
        fields.iter().filter(|(name, _)| asked(name)).copied().collect();
    let offer = || Offer {
        kind: info.name,
        href: requests::link(kind, &fields),
        label: view.w(Word::Kind, kind),
    };
    view.may(info.asks()).then(offer)
}
