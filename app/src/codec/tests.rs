use proptest::prelude::*;
use zaraba_engine::types::Text;

use super::*;

fn text<const N: usize>() -> impl Strategy<Value = Text<N>> {
    // Any UTF-8, cut to what fits, multi-byte characters included.
    any::<String>().prop_map(|s| {
        let mut end = s.len().min(N);
        while !s.is_char_boundary(end) {
            end -= 1;
        }
        Text::new(&s[..end]).unwrap()
    })
}

fn one<T: Clone + std::fmt::Debug + 'static>(values: &[T]) -> impl Strategy<Value = T> + use<T> {
    prop::sample::select(values.to_vec())
}

fn provenance() -> impl Strategy<Value = Box<Provenance>> {
    (text(), text(), text())
        .prop_map(|(actor, request, reason)| Box::new(Provenance { actor, request, reason }))
}

fn via_any() -> impl Strategy<Value = Via> {
    one(&[Via::Rest, Via::Stream, Via::Admin, Via::System])
}

fn trading() -> impl Strategy<Value = Command> {
    let place = (
        (any::<u32>(), any::<u32>(), one(&[Side::Buy, Side::Sell])),
        one(&[OrderKind::Limit, OrderKind::Market]),
        one(&[TimeInForce::Gtc, TimeInForce::Day, TimeInForce::Ioc, TimeInForce::Fok]),
        (any::<bool>(), any::<i64>(), any::<i64>(), text(), via_any(), any::<u32>()),
    )
        .prop_map(
            |((a, i, side), kind, time_in_force, (post_only, price, quantity, id, via, key))| {
                Command::Place(Place {
                    account: AccountId(a),
                    instrument: InstrumentId(i),
                    side,
                    kind,
                    time_in_force,
                    post_only,
                    price: Price(price),
                    quantity: Quantity(quantity),
                    client_id: id,
                    via,
                    key,
                    condition: Condition::Any,
                    self_trade: SelfTrade::Allow,
                    short: ShortSale::Long,
                    by_amount: false,
                })
            },
        );
    let amend = (any::<u32>(), any::<u64>(), any::<i64>(), any::<i64>(), via_any(), any::<u32>())
        .prop_map(|(account, order, price, quantity, via, key)| {
            Command::Amend(Amend {
                account: AccountId(account),
                order: OrderId(order),
                price: Price(price),
                quantity: Quantity(quantity),
                via,
                key,
                condition: None,
            })
        });
    let cancel = (any::<u32>(), any::<u64>(), via_any(), any::<u32>()).prop_map(
        |(account, order, via, key)| {
            Command::Cancel(Cancel { account: AccountId(account), order: OrderId(order), via, key })
        },
    );
    let many = (
        any::<Option<u32>>(),
        any::<Option<u32>>(),
        prop::option::of(one(&[Side::Buy, Side::Sell])),
        any::<(Option<u16>, u64)>(),
        via_any(),
        any::<u32>(),
    )
        .prop_map(|(account, instrument, side, (group, from), via, key)| {
            Command::CancelMany(CancelMany {
                account: account.map(AccountId),
                instrument: instrument.map(InstrumentId),
                group: group.map(GroupId),
                side,
                via,
                key,
                from: OrderId(from),
            })
        });
    let transfer = (
        one(&[TransferKind::Deposit, TransferKind::Withdraw, TransferKind::Adjust]),
        any::<u32>(),
        any::<u32>(),
        any::<i64>(),
        text(),
        provenance(),
    )
        .prop_map(|(kind, account, asset, amount, reference, by)| Command::Transfer {
            transfer: Transfer {
                kind,
                account: AccountId(account),
                asset: AssetId(asset),
                amount: Amount(amount),
                reference,
            },
            by,
        });
    prop_oneof![place, amend, cancel, many, transfer]
}

fn instrument() -> impl Strategy<Value = Command> {
    (
        (text(), text(), one(&[Profile::Tse, Profile::Crypto]), any::<u32>(), any::<u32>()),
        (any::<u8>(), any::<u8>()),
        prop_oneof![
            any::<i64>().prop_map(|t| TickRule::Fixed(Price(t))),
            Just(TickRule::TseTopix500),
            Just(TickRule::TseOther)
        ],
        any::<[i64; 6]>(),
        (any::<u32>(), any::<i32>(), any::<i32>(), any::<u32>()),
    )
        .prop_map(|((symbol, name, profile, base, quote), digits, ticks, n, fees)| {
            Command::CreateInstrument(Box::new(InstrumentSpec {
                symbol,
                name,
                profile,
                base_asset: AssetId(base),
                quote_asset: AssetId(quote),
                price_digits: digits.0,
                quantity_digits: digits.1,
                ticks,
                lot: Quantity(n[0]),
                min_quantity: Quantity(n[1]),
                max_quantity: Quantity(n[2]),
                base_price: Price(n[3]),
                limit_down: Price(n[4]),
                limit_up: Price(n[5]),
                market_band_ppm: fees.0,
                maker_fee_ppm: fees.1,
                taker_fee_ppm: fees.2,
                open_order_cap: fees.3,
                session_rules: false,
                listed_shares: Quantity(0),
                market_min_quantity: Quantity(0),
                market_max_quantity: Quantity(0),
            }))
        })
}

fn reference() -> impl Strategy<Value = Command> {
    let genesis = (any::<[u32; 6]>(), any::<[u64; 2]>()).prop_map(|(n, hash_seed)| {
        let limits = Limits {
            accounts: n[0],
            instruments: n[1],
            assets: n[2],
            live_orders: n[3],
            answers: n[4],
            balances: n[5],
        };
        Command::Genesis { limits, hash_seed }
    });
    let asset = (text(), any::<u8>())
        .prop_map(|(code, exponent)| Command::CreateAsset(AssetSpec { code, exponent }));
    let account = text().prop_map(|code| Command::CreateAccount { code });
    let account_status = (
        any::<u32>(),
        one(&[AccountStatus::Active, AccountStatus::Suspended, AccountStatus::Closed]),
        provenance(),
    )
        .prop_map(|(account, status, by)| Command::SetAccountStatus {
            account: AccountId(account),
            status,
            by,
        });
    let instrument_status = (
        any::<u32>(),
        one(&[InstrumentStatus::Open, InstrumentStatus::Halted, InstrumentStatus::Closed]),
        provenance(),
    )
        .prop_map(|(instrument, status, by)| Command::SetInstrumentStatus {
            instrument: InstrumentId(instrument),
            status,
            by,
        });
    let limits = (any::<u32>(), any::<[i64; 3]>(), provenance()).prop_map(|(i, p, by)| {
        Command::SetPriceLimits {
            instrument: InstrumentId(i),
            base_price: Price(p[0]),
            limit_down: Price(p[1]),
            limit_up: Price(p[2]),
            by,
        }
    });
    let roll = (one(&[Profile::Tse, Profile::Crypto]), any::<u32>())
        .prop_map(|(profile, day)| Command::RollDay { profile, day });
    prop_oneof![
        genesis,
        asset,
        account,
        account_status,
        instrument_status,
        limits,
        roll,
        instrument()
    ]
}

fn participants() -> impl Strategy<Value = Command> {
    let firm = (any::<u32>(), any::<u32>(), provenance()).prop_map(|(account, firm, by)| {
        Command::SetFirm { account: AccountId(account), firm: FirmId(firm), by }
    });
    let group = (any::<u32>(), any::<u16>(), provenance()).prop_map(|(account, group, by)| {
        Command::SetGroup { account: AccountId(account), group: GroupId(group), by }
    });
    let setting =
        (one(&[Profile::Tse, Profile::Crypto]), one(Participants::ALL), provenance()).prop_map(
            |(profile, participants, by)| Command::SetParticipants { profile, participants, by },
        );
    prop_oneof![firm, group, setting]
}

fn any_command() -> impl Strategy<Value = Command> {
    prop_oneof![4 => trading(), 4 => reference(), 1 => participants()]
}

fn encoded(command: &Command) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode(command, &mut bytes);
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn every_command_comes_back(command in any_command()) {
        let bytes = encoded(&command);
        prop_assert!(bytes.len() <= MAX_BYTES);
        prop_assert_eq!(decode(&bytes), Ok(command));
    }

    #[test]
    fn every_prefix_and_every_longer_record_is_refused(command in any_command(), more in 1..9usize) {
        let mut bytes = encoded(&command);
        for length in 0..bytes.len() {
            prop_assert!(decode(&bytes[..length]).is_err(), "{} of {}", length, bytes.len());
        }
        bytes.extend(std::iter::repeat_n(0, more));
        prop_assert_eq!(decode(&bytes), Err(CodecError::Long(more)));
    }

    #[test]
    fn rubbish_never_panics(mut bytes in prop::collection::vec(any::<u8>(), 0..MAX_BYTES), kind in 0..16u8) {
        let _ = decode(&bytes);
        // Most rubbish dies at its kind: get past that as well.
        if bytes.len() > 2 {
            bytes[0] = 1;
            bytes[1] = kind;
            if let Ok(command) = decode(&bytes) {
                prop_assert_eq!(encoded(&command), bytes);
            }
        }
    }

    #[test]
    fn a_changed_byte_is_refused_or_another_command(
        command in any_command(), at in any::<prop::sample::Index>(), flip in 1..=255u8,
    ) {
        let mut bytes = encoded(&command);
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        if let Ok(other) = decode(&bytes) {
            prop_assert_ne!(other, command);
        }
    }

    #[test]
    fn every_command_is_described_with_its_kind(command in any_command()) {
        prop_assert!(describe(&command)["kind"].is_string());
    }
}

/// The stored form, byte for byte: if this fails, old journals can no longer be read.
#[test]
fn both_versions_of_place_are_these_bytes() {
    let place = Command::Place(Place {
        account: AccountId(7),
        instrument: InstrumentId(258),
        side: Side::Sell,
        kind: OrderKind::Limit,
        time_in_force: TimeInForce::Day,
        post_only: true,
        price: Price(-2),
        quantity: Quantity(100),
        client_id: ClientId::new("a-1").unwrap(),
        via: Via::Stream,
        key: 9,
        condition: Condition::Any,
        self_trade: SelfTrade::Allow,
        short: ShortSale::Long,
        by_amount: false,
    });
    let fields = "09070000000201000001000101feffffffffffffff640000000000000003612d310109000000";
    assert_eq!(decode(&hex::decode(format!("01{fields}")).unwrap()), Ok(place.clone()));
    assert_eq!(hex::encode(encoded(&place)), format!("02{fields}00000000"));
}

#[test]
fn what_is_wrong_is_said() {
    assert_eq!(decode(&[]), Err(CodecError::Short("version")));
    assert_eq!(decode(&[1, 200]), Err(CodecError::Kind(200)));
    assert_eq!(decode(&[3, 9]), Err(CodecError::Version { kind: 9, version: 3 }));
    assert_eq!(decode(&[0, 9]), Err(CodecError::Version { kind: 9, version: 0 }));
    assert_eq!(decode(&[1, 13, 5]), Err(CodecError::Value { field: "profile", value: 5 }));
    assert_eq!(decode(&[1, 4, 2, 0xff, 0xfe]), Err(CodecError::NotUtf8("code")));
    assert!(decode(&[1, 4, 2, b'a']).unwrap_err().to_string().contains("`code`"));
}
