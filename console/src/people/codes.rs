//! Codes that people type: recovery codes and invitations. 120 bits, so that neither guessing
//! nor a stolen hash leads anywhere; letters that look alike are left out.

/// Letters of codes: no I, L, O, U.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A fresh code: six groups of four letters, five bits each.
pub fn fresh() -> String {
    let random = crate::session::random();
    let letters: Vec<String> = random[..24]
        .chunks(4)
        .map(|group| group.iter().map(|b| char::from(LETTERS[usize::from(b & 31)])).collect())
        .collect();
    letters.join("-")
}

/// A code as it is compared: capitals, without separators, look-alikes as the letter meant.
/// Nothing when it cannot be one.
pub fn plain(code: &str) -> Option<String> {
    let plain: String = code
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .map(|c| match c.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            c => c,
        })
        .collect();
    let possible = plain.len() == 24 && plain.bytes().all(|b| LETTERS.contains(&b));
    possible.then_some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_survive_being_typed() {
        let (a, b) = (fresh(), fresh());
        assert_ne!(a, b);
        assert_eq!(a.len(), 29);
        assert_eq!(plain(&a.to_lowercase().replace('-', " ")), plain(&a));
        assert_eq!(
            plain("o0il-1234-5678-9abc-0000-0000").as_deref(),
            Some("0011123456789ABC00000000")
        );
        for bad in ["", "123456", "0000-0000-0000-0000-0000-000U", "値値値値値値値値"] {
            assert_eq!(plain(bad), None, "{bad}");
        }
    }
}
