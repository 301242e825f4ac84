//! Sums: `+ − × ÷` and parentheses over exact fractions.
//!
//! Nothing recurses: operators wait on a stack of bounded height, and every step is checked.

use std::fmt;

/// The most numbers, operators and parentheses in a sum.
const MAX_SYMBOLS: usize = 256;
/// The most digits in a number, and decimals in a result.
const MAX_DIGITS: usize = 18;
const MAX_DECIMALS: u32 = 10;

/// Why a sum has no result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Trouble {
    Malformed,
    TooLong,
    TooLarge,
    DividedByZero,
}

/// Whether `text` looks like a sum: digits, at least one operator, and nothing else.
pub(super) fn is_sum(text: &str) -> bool {
    let operator = |c| Operator::of(c).is_some();
    let known = |c: char| c.is_ascii_digit() || operator(c) || matches!(c, '.' | '(' | ')' | ' ');
    text.chars().all(known)
        && text.contains(operator)
        && text.contains(|c: char| c.is_ascii_digit())
}

/// Works a sum out.
pub(super) fn evaluate(text: &str) -> Result<Fraction, Trouble> {
    let mut sum = Sum::default();
    let mut rest = text.trim_start();
    for _ in 0..MAX_SYMBOLS {
        let Some(symbol) = rest.chars().next() else {
            return sum.finish();
        };
        let mut length = symbol.len_utf8();
        if symbol.is_ascii_digit() || symbol == '.' {
            let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.');
            length = end.unwrap_or(rest.len());
            sum.number(Fraction::parse(&rest[..length])?)?;
        } else {
            sum.symbol(symbol)?;
        }
        rest = rest[length..].trim_start();
    }
    Err(Trouble::TooLong)
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Negate,
    Parenthesis,
}

impl Operator {
    /// The operator between two numbers that `c` stands for.
    fn of(c: char) -> Option<Operator> {
        match c {
            '+' => Some(Operator::Add),
            '-' | '−' | '–' => Some(Operator::Subtract),
            '*' | '×' | '·' => Some(Operator::Multiply),
            '/' | '÷' => Some(Operator::Divide),
            _ => None,
        }
    }

    /// How tightly it binds.
    fn rank(self) -> u8 {
        match self {
            Operator::Parenthesis => 0,
            Operator::Add | Operator::Subtract => 1,
            Operator::Multiply | Operator::Divide => 2,
            Operator::Negate => 3,
        }
    }
}

/// A sum being read: what has been worked out so far, and the operators that still wait.
#[derive(Default)]
struct Sum {
    values: Vec<Fraction>,
    waiting: Vec<Operator>,
    /// Whether a value stands before the next symbol.
    after_value: bool,
}

impl Sum {
    fn number(&mut self, number: Fraction) -> Result<(), Trouble> {
        if self.after_value {
            return Err(Trouble::Malformed);
        }
        self.values.push(number);
        self.after_value = true;
        Ok(())
    }

    fn symbol(&mut self, symbol: char) -> Result<(), Trouble> {
        match (symbol, self.after_value) {
            ('(', false) => self.waiting.push(Operator::Parenthesis),
            (')', true) => {
                self.work_off(1)?;
                let Some(Operator::Parenthesis) = self.waiting.pop() else {
                    return Err(Trouble::Malformed);
                };
            }
            (_, true) => {
                let operator = Operator::of(symbol).ok_or(Trouble::Malformed)?;
                self.work_off(operator.rank())?;
                self.waiting.push(operator);
                self.after_value = false;
            }
            (_, false) => match Operator::of(symbol) {
                Some(Operator::Subtract) => self.waiting.push(Operator::Negate),
                Some(Operator::Add) => {}
                _ => return Err(Trouble::Malformed),
            },
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Fraction, Trouble> {
        if !self.after_value {
            return Err(Trouble::Malformed);
        }
        self.work_off(1)?;
        match (&self.values[..], &self.waiting[..]) {
            ([result], []) => Ok(*result),
            _ => Err(Trouble::Malformed),
        }
    }

    /// Applies the waiting operators that bind at least as tightly as `rank`.
    fn work_off(&mut self, rank: u8) -> Result<(), Trouble> {
        while let Some(operator) = self.waiting.pop_if(|waiting| waiting.rank() >= rank) {
            let right = self.values.pop().ok_or(Trouble::Malformed)?;
            if operator == Operator::Negate {
                self.values.push(right.negated()?);
                continue;
            }
            let left = self.values.pop().ok_or(Trouble::Malformed)?;
            self.values.push(left.with(operator, right)?);
        }
        Ok(())
    }
}

/// A fraction in lowest terms; `under` is positive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Fraction {
    over: i128,
    under: i128,
}

impl Fraction {
    fn new(over: i128, under: i128) -> Result<Fraction, Trouble> {
        if under == 0 {
            return Err(Trouble::DividedByZero);
        }
        let (mut divisor, mut rest) = (over, under);
        while rest != 0 {
            (divisor, rest) = (rest, divisor.checked_rem(rest).ok_or(Trouble::TooLarge)?);
        }
        // The sign moves up.
        let divisor = if (divisor < 0) == (under < 0) {
            Some(divisor)
        } else {
            divisor.checked_neg()
        };
        let divide = |n: i128| n.checked_div(divisor?).ok_or(()).ok();
        match (divide(over), divide(under)) {
            (Some(over), Some(under)) => Ok(Fraction { over, under }),
            _ => Err(Trouble::TooLarge),
        }
    }

    /// Reads `12`, `1.5` or `.5`.
    fn parse(text: &str) -> Result<Fraction, Trouble> {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
        if decimals.contains('.') || (whole.is_empty() && decimals.is_empty()) {
            return Err(Trouble::Malformed);
        }
        if whole.len() + decimals.len() > MAX_DIGITS {
            return Err(Trouble::TooLarge);
        }
        let digits = format!("{whole}{decimals}")
            .parse()
            .map_err(|_| Trouble::TooLarge)?;
        let places = u32::try_from(decimals.len()).map_err(|_| Trouble::TooLarge)?;
        Fraction::new(digits, 10_i128.pow(places))
    }

    fn negated(self) -> Result<Fraction, Trouble> {
        let over = self.over.checked_neg().ok_or(Trouble::TooLarge)?;
        Ok(Fraction { over, ..self })
    }

    fn with(self, operator: Operator, right: Fraction) -> Result<Fraction, Trouble> {
        let times = |a: i128, b: i128| a.checked_mul(b).ok_or(Trouble::TooLarge);
        match operator {
            Operator::Add => {
                let over = times(self.over, right.under)?
                    .checked_add(times(right.over, self.under)?)
                    .ok_or(Trouble::TooLarge)?;
                Fraction::new(over, times(self.under, right.under)?)
            }
            Operator::Subtract => self.with(Operator::Add, right.negated()?),
            Operator::Multiply => Fraction::new(
                times(self.over, right.over)?,
                times(self.under, right.under)?,
            ),
            Operator::Divide => Fraction::new(
                times(self.over, right.under)?,
                times(self.under, right.over)?,
            ),
            Operator::Negate | Operator::Parenthesis => Err(Trouble::Malformed),
        }
    }
}

/// As `= 2.5`, or as `≈ 0.3333333333` where the decimals do not end in time.
impl fmt::Display for Fraction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (over, under) = (self.over.unsigned_abs(), self.under.unsigned_abs());
        let (mut whole, mut rest) = (over / under, over % under);
        let (mut decimals, mut places) = (0_u64, 0);
        while rest != 0 && places < MAX_DECIMALS {
            let Some(ten_times) = rest.checked_mul(10) else {
                break;
            };
            // A digit, since `rest` is less than `under`.
            decimals = decimals * 10 + (ten_times / under) as u64;
            rest = ten_times % under;
            places += 1;
        }
        let equals = if rest == 0 { "=" } else { "≈" };
        if rest >= under - rest {
            decimals += 1;
        }
        if decimals >= 10_u64.pow(places) {
            (whole, decimals) = (whole + 1, 0);
        }
        let negative = self.over < 0 && (whole, decimals) != (0, 0);
        let sign = if negative { "−" } else { "" };
        if decimals == 0 {
            return write!(f, "{equals} {sign}{whole}");
        }
        let digits = format!("{decimals:0width$}", width = places as usize);
        write!(f, "{equals} {sign}{whole}.{}", digits.trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests;
