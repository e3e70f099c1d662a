//! Verification as a whole: each check, in the order an attacker meets them.

use std::net::{IpAddr, Ipv4Addr};

use super::sign::Signer;
use super::*;
use crate::bus::{Batch, Step};
use crate::config::Config;
use crate::live::Live;
use zaraba_engine::types::{AccountCode, Seq};
use zaraba_engine::{Command, Event};

const NOW: Timestamp = Timestamp(1_800_000_000_000_000_000);
const NOW_MS: u64 = NOW.0 / 1_000_000;
const HOME: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn live() -> Arc<Live> {
    let live = Live::default();
    let code = AccountCode::new("alice").unwrap();
    let events = vec![Event::Begun, Event::AccountCreated { account: AccountId(4) }];
    let step = |seq, command, events| Step { seq: Seq(seq), at: NOW, command, events };
    let limits = zaraba_engine::command::Limits::default();
    let steps = vec![
        step(1, Command::Genesis { limits, hash_seed: [0; 2] }, 0..1),
        step(2, Command::CreateAccount { code }, 1..2),
    ];
    live.apply(&Batch { steps, events, ..Batch::default() });
    Arc::new(live)
}

fn keys() -> Keys {
    Keys::detached(&Config::default().auth, live())
}

fn new_key() -> NewKey {
    NewKey {
        account: AccountCode::new("alice").unwrap(),
        kind: NewKind::Hmac,
        scopes: vec![Scope::Read, Scope::Trade],
        addresses: vec![],
        expires_at: None,
        reads_per_second: Some(1000),
        writes_per_second: Some(1000),
        label: String::new(),
    }
}

async fn signer(keys: &Keys, new: NewKey) -> Signer {
    let made = keys.create(new, "test").await.unwrap();
    Signer::hmac(&made.api_key, &made.api_secret.unwrap())
}

fn ask(keys: &Keys, signer: &Signer, time_ms: u64, scope: Scope) -> Result<u32, AuthError> {
    let signature = signer.sign(time_ms, "POST", "/v1/orders", b"{}");
    ask_with(keys, signer.api_key(), &signature, time_ms, scope, HOME)
}

fn ask_with(
    keys: &Keys,
    api_key: &str,
    signature: &str,
    time_ms: u64,
    scope: Scope,
    from: IpAddr,
) -> Result<u32, AuthError> {
    let request_time = time_ms.to_string();
    let parts = SignedParts {
        api_key,
        request_time: &request_time,
        signature,
        method: "POST",
        path: "/v1/orders",
        body: b"{}",
    };
    keys.verify(&parts, scope, Some(from), NOW).map(|principal| principal.account.0)
}

#[test]
fn the_signature_is_what_the_contract_says() {
    // hmac-sha256("secret", "1700000000000" + "GET" + "/v1/balances"), from another tool.
    let signature = Signer::hmac("k", "secret").sign(1_700_000_000_000, "GET", "/v1/balances", b"");
    assert_eq!(signature, "efb70b5267aa3a4b5a8f9c6e7ec5299a7f5813e45702599e64edddfde55beef2");
}

#[tokio::test]
async fn a_signed_request_passes_once() {
    let keys = keys();
    let signer = signer(&keys, new_key()).await;
    assert_eq!(ask(&keys, &signer, NOW_MS, Scope::Trade), Ok(4));
    assert_eq!(ask(&keys, &signer, NOW_MS, Scope::Trade), Err(AuthError::ReplayedSignature));
    assert_eq!(ask(&keys, &signer, NOW_MS + 1, Scope::Trade), Ok(4));
}

#[tokio::test]
async fn time_must_be_within_the_window() {
    let keys = keys();
    let signer = signer(&keys, new_key()).await;
    for time in [NOW_MS - 5000, NOW_MS + 5000] {
        assert_eq!(ask(&keys, &signer, time, Scope::Read), Ok(4));
    }
    for time in [NOW_MS - 5001, NOW_MS + 5001] {
        let refused = ask(&keys, &signer, time, Scope::Read);
        assert_eq!(refused, Err(AuthError::StaleRequest { age_ms: 5001, window_ms: 5000 }));
    }
    for time in ["", "now", "-1", "+1", "1.5", "01", "99999999999999999999"] {
        let parts = SignedParts {
            api_key: signer.api_key(),
            request_time: time,
            signature: "",
            method: "GET",
            path: "/",
            body: b"",
        };
        let refused = keys.verify(&parts, Scope::Read, Some(HOME), NOW).err().unwrap();
        assert_eq!(refused.code(), "unauthorized", "{time}");
    }
}

#[tokio::test]
async fn an_unknown_key_looks_like_a_wrong_signature() {
    let keys = keys();
    let signer = signer(&keys, new_key()).await;
    let stranger = Signer::hmac("00000000000000000000000000000000", "x");
    assert_eq!(ask(&keys, &stranger, NOW_MS, Scope::Read), Err(AuthError::BadSignature));
    let wrong = Signer::hmac(signer.api_key(), "x");
    assert_eq!(ask(&keys, &wrong, NOW_MS, Scope::Read), Err(AuthError::BadSignature));
    let good = signer.sign(NOW_MS, "POST", "/v1/orders", b"{}");
    for bad in [good.to_uppercase(), good[..62].to_owned(), format!("{good}00"), "zz".repeat(32)] {
        let refused = ask_with(&keys, signer.api_key(), &bad, NOW_MS, Scope::Read, HOME);
        assert_eq!(refused, Err(AuthError::BadSignature), "{bad}");
    }
    assert_eq!(ask(&keys, &signer, NOW_MS, Scope::Read), Ok(4));
}

#[tokio::test]
async fn scope_address_expiry_and_revocation_are_kept() {
    let keys = keys();
    let key = signer(&keys, new_key()).await;
    assert_eq!(
        ask(&keys, &key, NOW_MS, Scope::Transfer),
        Err(AuthError::InsufficientScope(Scope::Transfer))
    );
    let listed = NewKey { addresses: vec![Network::parse("10.1.0.0/16").unwrap()], ..new_key() };
    let listed = signer(&keys, listed).await;
    assert_eq!(ask(&keys, &listed, NOW_MS, Scope::Read), Err(AuthError::AddressNotAllowed));
    let signature = listed.sign(NOW_MS, "POST", "/v1/orders", b"{}");
    let inside = IpAddr::V4(Ipv4Addr::new(10, 1, 2, 3));
    let passed = ask_with(&keys, listed.api_key(), &signature, NOW_MS, Scope::Read, inside);
    assert_eq!(passed, Ok(4));
    let ended = signer(&keys, NewKey { expires_at: Some(NOW), ..new_key() }).await;
    assert_eq!(ask(&keys, &ended, NOW_MS, Scope::Read), Err(AuthError::KeyExpired));
    assert!(!keys.revoke("bob", key.api_key()).await.unwrap(), "another account's key");
    assert!(keys.revoke("alice", key.api_key()).await.unwrap());
    assert_eq!(ask(&keys, &key, NOW_MS + 9, Scope::Read), Err(AuthError::BadSignature));
}

#[tokio::test]
async fn ed25519_keys_verify_with_the_public_half_only() {
    let keys = keys();
    let private = [7; 32];
    let public = ed25519_dalek::SigningKey::from_bytes(&private).verifying_key().to_bytes();
    let made =
        keys.create(NewKey { kind: NewKind::Ed25519(public), ..new_key() }, "test").await.unwrap();
    assert!(made.api_secret.is_none());
    let good = Signer::ed25519(&made.api_key, &private);
    assert_eq!(ask(&keys, &good, NOW_MS, Scope::Trade), Ok(4));
    assert_eq!(ask(&keys, &good, NOW_MS, Scope::Trade), Err(AuthError::ReplayedSignature));
    let other = Signer::ed25519(&made.api_key, &[8; 32]);
    assert_eq!(ask(&keys, &other, NOW_MS, Scope::Trade), Err(AuthError::BadSignature));
    // The identity point would accept a signature over anything.
    let mut weak = [0; 32];
    weak[0] = 1;
    assert!(keys.create(NewKey { kind: NewKind::Ed25519(weak), ..new_key() }, "t").await.is_err());
}

#[tokio::test]
async fn the_configured_rate_is_for_all_keys_of_an_account_together() {
    let keys = keys();
    let plain = || NewKey { reads_per_second: None, writes_per_second: None, ..new_key() };
    let mut own = plain();
    own.writes_per_second = Some(3);
    let (one, other) = (signer(&keys, plain()).await, signer(&keys, plain()).await);
    let own = signer(&keys, own).await;
    let now_ms = NOW_MS;
    let passed = |signer: &Signer, from: u64, scope| {
        (0..20).filter(|i| ask(&keys, signer, now_ms - from - i, scope).is_ok()).count()
    };
    // Six writes and ten reads a second by default, whichever key they come with.
    assert_eq!(passed(&one, 0, Scope::Trade), 6);
    assert_eq!(passed(&other, 0, Scope::Trade), 0);
    assert_eq!(passed(&other, 100, Scope::Read), 10);
    assert_eq!(passed(&own, 0, Scope::Trade), 3, "by itself");
    assert_eq!(passed(&own, 100, Scope::Read), 0, "that one it shares");
    // A new key does not fill the account's bucket.
    let fresh = signer(&keys, plain()).await;
    assert_eq!(passed(&fresh, 0, Scope::Trade), 0);
}

#[tokio::test]
async fn a_keys_own_rate_holds_and_batches_are_owed() {
    let keys = keys();
    let slow = NewKey { writes_per_second: Some(2), ..new_key() };
    let signer = signer(&keys, slow).await;
    assert_eq!(ask(&keys, &signer, NOW_MS, Scope::Trade), Ok(4));
    assert_eq!(ask(&keys, &signer, NOW_MS + 1, Scope::Trade), Ok(4));
    let refused = ask(&keys, &signer, NOW_MS + 2, Scope::Trade);
    assert_eq!(refused, Err(AuthError::RateLimited { retry_after: Duration::from_millis(500) }));
    assert_eq!(ask(&keys, &signer, NOW_MS + 2, Scope::Read), Ok(4), "reads have their own");
    let meter = Meter::default();
    assert_eq!(meter.take(NOW, 2, 1), Ok(()));
    meter.owe(NOW, 2, 9);
    assert_eq!(meter.take(NOW, 2, 1), Err(Duration::from_millis(4500)));
}

#[tokio::test]
async fn strangers_are_slowed_down_by_address_only() {
    let keys = keys();
    let signer = signer(&keys, new_key()).await;
    let wrong = Signer::hmac(signer.api_key(), "x");
    let mut codes = Vec::new();
    for n in 0..60 {
        codes.push(ask(&keys, &wrong, NOW_MS + n, Scope::Read).unwrap_err().code());
    }
    assert_eq!(codes.iter().filter(|code| **code == "bad_signature").count(), 50);
    assert_eq!(codes.iter().filter(|code| **code == "rate_limited").count(), 10);
    assert_eq!(ask(&keys, &signer, NOW_MS, Scope::Read), Ok(4), "the key itself is not hurt");
}

#[test]
fn networks_are_read_strictly_and_contain_what_they_should() {
    let cases = [
        ("10.0.0.0/8", "10.255.0.1", true),
        ("10.0.0.0/8", "11.0.0.1", false),
        ("0.0.0.0/0", "203.0.113.9", true),
        ("0.0.0.0/0", "2001:db8::1", false),
        ("::/0", "2001:db8::1", true),
        ("2001:db8::/32", "2001:db9::1", false),
        ("192.0.2.7", "192.0.2.7", true),
        ("192.0.2.7", "192.0.2.8", false),
        ("10.0.0.0/8", "::ffff:10.1.1.1", true),
    ];
    for (network, address, inside) in cases {
        let network = Network::parse(network).unwrap();
        assert_eq!(network.contains(address.parse().unwrap()), inside, "{network} {address}");
    }
    for bad in ["", "10.0.0.0/33", "10.0.0.1/8", "::1/129", "x", "10.0.0.0/", "1::/0"] {
        assert!(Network::parse(bad).is_none(), "{bad}");
    }
}

#[test]
fn the_file_copy_gives_back_what_was_kept_and_nothing_to_others() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("copy");
    let master = seal::MasterKey::random();
    assert!(store::read_copy(&path, &master).unwrap().is_empty());
    let row = store::KeyRow {
        key_id: 3,
        api_key: "k".into(),
        account: "alice".into(),
        kind: "hmac".into(),
        sealed_secret: Some(master.seal("k", b"s")),
        public_key: None,
        scopes: vec!["read".into()],
        addresses: vec![],
        expires_us: None,
        reads_per_second: None,
        writes_per_second: None,
        label: String::new(),
        revoked: false,
        changed_us: 0,
    };
    store::write_copy(&path, &master, &[row]).unwrap();
    assert_eq!(store::read_copy(&path, &master).unwrap()[0].key_id, 3);
    assert!(store::read_copy(&path, &seal::MasterKey::random()).is_err());
}
