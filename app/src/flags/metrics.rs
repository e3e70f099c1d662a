//! Which features are on, and how often one that is off was asked for.

use std::sync::LazyLock;

use prometheus::{IntCounterVec, IntGaugeVec, register_int_counter_vec, register_int_gauge_vec};
use zaraba_engine::types::Profile;

use super::Flag;

static ON: LazyLock<IntGaugeVec> = LazyLock::new(|| {
    register_int_gauge_vec!(
        "zaraba_feature_on",
        "Whether a feature is on (1) or switched off by a flag (0), by product.",
        &["flag", "product"]
    )
    .expect("registered once, here")
});

static REFUSED: LazyLock<IntCounterVec> = LazyLock::new(|| {
    register_int_counter_vec!(
        "zaraba_feature_refused_total",
        "Requests refused because they use a feature that a flag has switched off.",
        &["flag", "product"]
    )
    .expect("registered once, here")
});

pub(super) fn set(flag: Flag, product: Profile, on: bool) {
    ON.with_label_values(&[flag.as_str(), product.as_str()]).set(i64::from(on));
}

pub(super) fn refused(flag: Flag, product: Profile) {
    REFUSED.with_label_values(&[flag.as_str(), product.as_str()]).inc();
}
