//! The messages of people: signing in, second factors, sessions, staff.

use super::messages;

messages! { P,
    // Confirming
    ConfirmTitle: "Confirm that it is you", "本人確認";
    ConfirmWhy: "What you are about to do needs a recent sign-in.", "この操作には直近の本人確認が必要です。";
    ConfirmKept: "Nothing was done yet; what you entered is kept.", "まだ何も実行していません。入力内容は保持されています。";
    Confirm: "Confirm", "確認する";
    ConfirmedTitle: "Confirmed", "確認しました";
    ConfirmedText: "What you entered was not sent yet. Send it now, or go back and look at it again.", "入力内容はまだ送信されていません。このまま送信するか、戻って見直してください。";
    SendNow: "Send now", "送信する";
    Password: "Password", "パスワード";
    WrongPassword: "The password is wrong.", "パスワードが違います。";
    TooManyFailures: "Too many wrong attempts. Wait {0} minutes, then try again.", "誤った入力が多すぎます。{0}分待ってからやり直してください。";
    Busy: "Many people are signing in. Try again in a few seconds.", "サインインが混み合っています。数秒後にやり直してください。";
}
