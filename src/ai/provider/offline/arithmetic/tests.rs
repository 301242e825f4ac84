//! Tests of `ai::provider::offline::arithmetic`.

use proptest::prelude::*;

use super::*;

fn worked_out(text: &str) -> String {
    match evaluate(text) {
        Ok(result) => result.to_string(),
        Err(trouble) => format!("{trouble:?}"),
    }
}

#[test]
fn sums_are_worked_out() {
    let table = [
        ("2+2", "= 4"),
        ("2 + 3 × 4", "= 14"),
        ("(2 + 3) * 4", "= 20"),
        ("10 ÷ 4", "= 2.5"),
        ("1/3", "≈ 0.3333333333"),
        ("2/3", "≈ 0.6666666667"),
        ("0.1 + 0.2", "= 0.3"),
        (".5 × 5.", "= 2.5"),
        ("7 − 10", "= −3"),
        ("-3 * -4", "= 12"),
        ("2--3", "= 5"),
        ("+5 - +2", "= 3"),
        ("-(2 + 3)", "= −5"),
        ("10 - 3 - 2", "= 5"),
        ("100 / 10 / 5", "= 2"),
        ("1 / 30000000000", "≈ 0"),
        ("-1 / 30000000000", "≈ 0"),
        ("29999999999 / 30000000000", "≈ 1"),
        ("1 / 0.0000000001", "= 10000000000"),
        ("-1/-2", "= 0.5"),
        ("0/-5", "= 0"),
        ("1/0", "DividedByZero"),
        ("1/(2-2)", "DividedByZero"),
        ("2 +", "Malformed"),
        ("* 2", "Malformed"),
        ("2 3", "Malformed"),
        ("2(3)", "Malformed"),
        ("(2)(3)", "Malformed"),
        ("(2", "Malformed"),
        ("2)", "Malformed"),
        ("()", "Malformed"),
        ("1.2.3", "Malformed"),
        (".", "Malformed"),
        ("", "Malformed"),
        ("2 & 3", "Malformed"),
        ("1234567890123456789 + 1", "TooLarge"),
    ];
    for (text, expected) in table {
        assert_eq!(worked_out(text), expected, "{text}");
    }
}

#[test]
fn large_and_long_sums_end_kindly() {
    let large = ["999999999999999999"; 9].join("*");
    assert_eq!(evaluate(&large), Err(Trouble::TooLarge));
    let tiny = format!("1/({})", ["0.00000000000000001"; 9].join("*"));
    assert_eq!(evaluate(&tiny), Err(Trouble::TooLarge));
    assert_eq!(evaluate(&"(".repeat(100_000)), Err(Trouble::TooLong));
    assert_eq!(evaluate(&"-".repeat(100_000)), Err(Trouble::TooLong));
    assert_eq!(evaluate(&["1"; 1_000].join("+")), Err(Trouble::TooLong));
    let deep = "(".repeat(100) + "1" + &")".repeat(100);
    assert_eq!(worked_out(&deep), "= 1");
}

#[test]
fn a_fraction_of_huge_numbers_is_rounded_to_a_whole_one() {
    let two_thirds = Fraction::new(i128::MAX / 3 * 2, i128::MAX).unwrap();
    assert_eq!(two_thirds.to_string(), "≈ 1");
}

#[test]
fn only_sums_look_like_sums() {
    for sum in ["1+1", "(2 × 3) ÷ 4", "-5", "1.5/3"] {
        assert!(is_sum(sum), "{sum}");
    }
    for other in ["", "5", "+", "a+b", "1+x", "1e5+1"] {
        assert!(!is_sum(other), "{other}");
    }
}

proptest! {
    #[test]
    fn any_text_has_a_result_or_a_trouble(text in "[0-9.+*/() ×÷−-]{0,60}|.{0,20}") {
        let shown = worked_out(&text);
        prop_assert!(shown.len() < 80);
    }

    #[test]
    fn whole_numbers_agree_with_the_machine(
        a in -9_999i128..9_999, b in -9_999i128..9_999, c in 1i128..9_999,
    ) {
        let result = evaluate(&format!("{a} + {b} * {c} - ({a} - {c})"));
        prop_assert_eq!(result, Fraction::new(a + b * c - (a - c), 1));
        let quotient = evaluate(&format!("({a}) / {c} * {c}"));
        prop_assert_eq!(quotient, Fraction::new(a, 1));
    }
}
