//! Time-based one-time codes (RFC 6238: SHA-1, six digits, thirty seconds, which is what
//! authenticator apps take): secrets, the address that apps read from a picture, the check.
//! That no code counts twice is the store's part.

use qrcode::types::Color;
use qrcode::{EcLevel, QrCode};
use totp_rs::{Builder, Secret};
use zeroize::Zeroizing;

/// Seconds a code lives.
const STEP: u64 = 30;
/// Quiet modules around a QR code.
const QUIET: usize = 4;

/// A secret: 160 bits.
pub struct Shared(Zeroizing<[u8; 20]>);

impl Shared {
    /// A fresh one.
    pub fn fresh() -> Shared {
        let random = Zeroizing::new(crate::session::random());
        let mut secret = Zeroizing::new([0; 20]);
        secret.copy_from_slice(&random[..20]);
        Shared(secret)
    }

    /// The one with these bytes.
    pub fn of(bytes: &[u8]) -> Option<Shared> {
        Some(Shared(Zeroizing::new(bytes.try_into().ok()?)))
    }

    /// Its bytes, for sealing.
    pub fn bytes(&self) -> &[u8] {
        &*self.0
    }

    /// The step whose code this is at `now` (Unix seconds), if any: the present one or one to
    /// either side. Spaces that apps show within the code do not matter.
    pub fn step_of(&self, code: &str, now: u64) -> Option<i64> {
        let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
        if code.len() != 6 || !code.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let totp = Builder::new()
            .with_secret(Secret::new_stack(*self.0))
            .with_step_duration(STEP)
            .with_skew(1)
            .build()
            .ok()?;
        totp.check(&code, now).and_then(|step| i64::try_from(step).ok())
    }

    /// The secret as people type it: base 32 in groups of four.
    pub fn text(&self) -> String {
        let all = base32(&*self.0);
        let groups: Vec<&str> = (0..all.len()).step_by(4).map(|at| &all[at..at + 4]).collect();
        groups.join(" ")
    }

    /// The address that apps read.
    pub fn address(&self, issuer: &str, login: &str) -> String {
        let (issuer, login) = (crate::guard::form_encode(issuer), crate::guard::form_encode(login));
        let secret = base32(&*self.0);
        format!("otpauth://totp/{issuer}:{login}?secret={secret}&issuer={issuer}")
    }
}

/// Base 32 (RFC 4648) without padding; whole groups of five bytes only, as secrets are.
fn base32(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut text = String::new();
    for group in bytes.chunks_exact(5) {
        let bits = group.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        for at in (0..8).rev() {
            text.push(char::from(LETTERS[(bits >> (at * 5)) as usize & 31]));
        }
    }
    text
}

/// A QR code as the path of a drawing, and the drawing's width in modules.
pub fn picture(text: &str) -> Option<(String, usize)> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let width = code.width();
    let mut path = String::new();
    for (at, color) in code.to_colors().into_iter().enumerate() {
        if color == Color::Dark {
            path.push_str(&format!("M{} {}h1v1h-1z", at % width + QUIET, at / width + QUIET));
        }
    }
    Some((path, width + 2 * QUIET))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_standard_and_drift_by_one_step() {
        // RFC 6238, appendix B, cut to six digits.
        let shared = Shared::of(b"12345678901234567890").unwrap();
        for (time, code) in [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")]
        {
            let step = i64::try_from(time / 30).unwrap();
            assert_eq!(shared.step_of(code, time), Some(step));
            assert_eq!(shared.step_of(code, time + 30), Some(step), "one step late");
            assert_eq!(shared.step_of(code, time + 60), None, "two steps late");
        }
        assert_eq!(shared.step_of("287 082", 59), Some(1));
        assert_eq!(shared.step_of("287083", 59), None);
        assert_eq!(shared.step_of("２８７０８２", 59), None);
        assert_eq!(shared.step_of("", 59), None);
    }

    #[test]
    fn secrets_are_written_for_people_and_for_apps() {
        let shared = Shared::of(b"12345678901234567890").unwrap();
        assert_eq!(shared.text(), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
        assert_eq!(
            shared.address("Zaraba console", "aki@x"),
            "otpauth://totp/Zaraba%20console:aki%40x?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
             &issuer=Zaraba%20console"
        );
        let (path, width) = picture(&shared.address("Zaraba", "aki")).unwrap();
        assert!(path.starts_with("M4 4h1v1h-1z") && width > 30, "{width}");
    }
}
