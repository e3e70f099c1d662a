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
    WrongProof: "That is not right. Codes count once; wait for the next one.", "確認できませんでした。コードは一度しか使えません。次のコードをお待ちください。";
    TooManyFailures: "Too many wrong attempts. Wait {0} minutes, then try again.", "誤った入力が多すぎます。{0}分待ってからやり直してください。";
    Busy: "Many people are signing in. Try again in a few seconds.", "サインインが混み合っています。数秒後にやり直してください。";

    // Second factor at sign-in
    SecondTitle: "Second step", "二段階目の確認";
    Code: "Code of the authenticator app", "認証アプリのコード";
    RecoveryCode: "Recovery code", "リカバリーコード";
    CodeOrRecovery: "Code of the authenticator app, or a recovery code", "認証アプリのコード、またはリカバリーコード";
    WrongCode: "The code is not right, or was used already. Wait for the next one.", "コードが違うか、既に使用されています。次のコードをお待ちください。";
    StartOver: "Start over", "最初からやり直す";
    SignInWithPasskey: "Sign in with a passkey", "パスキーでサインイン";
    UsePasskey: "Use a passkey", "パスキーを使う";
    PasskeyFailed: "The passkey could not be used.", "パスキーを使用できませんでした。";
    PasskeyRefused: "The passkey is not known here, or took too long. Try again.", "このパスキーは登録されていないか、時間切れです。やり直してください。";

    // One's own ways in
    SecurityTitle: "Sign-in and sessions", "サインインとセッション";
    MustEnrol: "Set up a second factor first: an authenticator app or a passkey. The other pages open after that.", "先に二要素認証（認証アプリまたはパスキー）を設定してください。設定後に他の画面を利用できます。";
    Recovered: "You used a recovery code. If your device is lost, remove it here and set up another.", "リカバリーコードを使用しました。端末を紛失した場合は、ここで削除して新しい端末を設定してください。";
    SecondFactors: "Second factors", "二要素認証";
    Factor: "Factor", "方法";
    Since: "Since", "開始";
    LastUsed: "Last used", "最終利用";
    Change: "Change", "変更";
    Totp: "Authenticator app", "認証アプリ";
    SetUp: "set up", "設定済み";
    NotSetUp: "not set up", "未設定";
    SetUpNow: "Set up", "設定する";
    Replace: "Replace", "交換";
    Remove: "Remove", "削除";
    PasskeyNamed: "Passkey: {0}", "パスキー: {0}";
    AddPasskey: "Add a passkey", "パスキーを追加";
    NoPasskeysHere: "Passkeys need the console to have a name: public_url has a bare address.", "パスキーを使うには、コンソールにホスト名が必要です（public_urlがIPアドレスです）。";
    RecoveryCodes: "Recovery codes", "リカバリーコード";
    CodesLeft: "{0} left", "残り{0}個";
    NewCodes: "Make new ones", "再発行";
    CodesHow: "Each of these signs you in once, in place of the app or the passkey. Keep them apart from your device; they are shown only now.", "各コードは、認証アプリやパスキーの代わりに一度だけ使用できます。端末とは別の場所に保管してください。表示は今回限りです。";
    CodesKept: "I have kept them", "保管しました";
    LastFactor: "the last second factor; add another before you remove it", "最後の二要素認証です。削除する前に別の方法を追加してください";
    Sessions: "Sessions", "セッション";
    Address: "Address", "アドレス";
    Browser: "Browser", "ブラウザ";
    Method: "Signed in by", "サインイン方法";
    EndsAt: "Ends at the latest", "最長の終了時刻";
    ThisSession: "this session", "このセッション";
    EndSession: "End", "終了";
    EndOthers: "End all other sessions", "他のセッションをすべて終了";
    ByPassword: "password", "パスワード";
    ByTotp: "password and code", "パスワードとコード";
    ByPasskey: "passkey", "パスキー";
    ByProvider: "identity provider", "認証基盤";
    ByRecovery: "password and recovery code", "パスワードとリカバリーコード";
    ChangePassword: "Change the password", "パスワードを変更";
    CurrentPassword: "Present password", "現在のパスワード";
    NewPassword: "New password", "新しいパスワード";
    Again: "New password again", "新しいパスワード（確認）";
    NotTheSame: "The two entries of the new password differ.", "新しいパスワードの入力が一致しません。";
    PasswordHint: "At least {0} characters. A few unrelated words make a good one.", "{0}文字以上。無関係な単語をいくつか並べると安全です。";
    WeakShort: "The password has fewer than {0} characters. A few unrelated words make a good one.", "パスワードが{0}文字未満です。無関係な単語をいくつか並べると安全です。";
    WeakLong: "The password has more than {0} characters.", "パスワードが{0}文字を超えています。";
    WeakGuessable: "The password would be guessed: it is common, a pattern, or made of your names. A few unrelated words make a good one.", "推測されやすいパスワードです（よく使われる語、規則的な並び、または氏名に由来）。無関係な単語をいくつか並べると安全です。";
    Issuer: "Zaraba console", "Zaraba コンソール";
    TotpHow: "Scan this with an authenticator app, then enter the code it shows.", "認証アプリでこのQRコードを読み取り、表示されたコードを入力してください。";
    QrCode: "QR code; the same as text stands below it", "QRコード（同じ内容を下に文字で表示）";
    OrType: "Or type this into the app:", "または次の文字をアプリに入力:";
    PasskeyHow: "A passkey is kept by this device or a security key, and unlocked by you. It signs you in without a password.", "パスキーは端末またはセキュリティキーに保存され、本人の操作で使用されます。パスワードなしでサインインできます。";
    PasskeyName: "Name, such as the device's", "名前（端末名など）";
    PasskeysNeedScript: "This browser makes no passkeys, or scripts are off.", "このブラウザではパスキーを作成できないか、スクリプトが無効です。";
    Back: "Back", "戻る";

    // The firm's identity provider: {0} is what it is called
    ProviderSignIn: "Sign in with {0}", "{0}でサインイン";
    ProviderConfirm: "Confirm with {0}", "{0}で確認する";
    ProviderInvite: "Begin with {0}", "{0}で開始する";
    ProviderLinked: "Linked: {0}", "連携済み: {0}";
    ProviderNotLinked: "Not linked: {0}", "未連携: {0}";
    ProviderLink: "Link", "連携する";
    ProviderUnlink: "Unlink", "連携を解除";
    ProviderGoing: "You are taken to {0}", "{0}に移動します";
    ProviderOnly: "Everybody here signs in with {0}; begin with it.", "サインインには{0}を使用します。{0}で開始してください。";
    ProviderFew: "Other ways, for emergencies", "緊急時のサインイン";
    ProviderAway: "{0} cannot be reached or gives no usable answer. Nothing was done. Try again in a moment; other ways to sign in go on working.", "{0}に接続できないか、正しい応答がありません。処理は行われていません。しばらくしてからやり直してください。他のサインイン方法は利用できます。";
    ProviderWrong: "The answer of {0} does not hold, or is too old. Nothing was done. Begin again.", "{0}からの応答を確認できないか、有効期限が切れています。処理は行われていません。最初からやり直してください。";
    ProviderDenied: "{0} did not sign you in. Nothing was done.", "{0}でサインインできませんでした。処理は行われていません。";
    ProviderOver: "The way to {0} took too long, or was begun in another browser. Begin again.", "{0}への移動の有効期限が切れたか、別のブラウザで開始されています。最初からやり直してください。";
    ProviderUnknown: "Nobody here is linked to this account at {0}. Take up your invitation with it; or sign in another way and link it under “Sign-in and sessions”.", "{0}のこのアカウントは、どの担当者とも連携されていません。招待コードで連携するか、別の方法でサインインして「サインインとセッション」で連携してください。";
    ProviderSuspended: "This person may not sign in at present. Ask an administrator.", "現在サインインできません。管理者に連絡してください。";
    ProviderOthers: "This account at {0} is not the one linked to you. Nothing was done.", "{0}のこのアカウントは、あなたに連携されたものではありません。処理は行われていません。";
    ProviderStillIn: "You are still signed in at {0}.", "{0}にはまだサインインしています。";
    ProviderSignOut: "Sign out of {0}, too", "{0}からもサインアウト";
    LastWay: "the only way to sign in; set up another before you unlink it", "唯一のサインイン方法です。解除する前に別の方法を設定してください";
    GoOn: "Go on", "続ける";
    TryAgain: "Begin again", "やり直す";

    // Staff
    Staff: "Staff", "担当者";
    Invite: "Invite a person", "担当者を招待";
    NameOrLogin: "Name, sign-in name or e-mail", "氏名・サインイン名・メール";
    Status: "Status", "状態";
    Role: "Role", "役割";
    LastSignIn: "Last sign-in", "最終サインイン";
    PasskeyCount: "passkeys: {0}", "パスキー: {0}";
    Passkeys: "Passkeys", "パスキー";
    NoStaff: "Nobody matches. People appear here as soon as their invitation is approved.", "該当する担当者はいません。招待が承認されると表示されます。";
    NextStaff: "Next", "次へ";
    Email: "E-mail", "メールアドレス";
    HiddenGroups: "Hidden account groups", "閲覧できない口座グループ";
    KnownSince: "Known since", "登録日時";
    TrailBy: "What this person did", "この人の操作の証跡";
    TrailAbout: "What was done about this person", "この人に対する操作の証跡";
    Changes: "Changes", "変更";
    ChangeRoles: "Change roles", "役割の変更";
    ChangeBarriers: "Change information barriers", "情報障壁の変更";
    SuspendStaff: "Suspend", "停止";
    ReactivateStaff: "Let back", "再開";
    ResetStaff: "Reset sign-in (password and second factors)", "サインイン方法の初期化（パスワードと二要素認証）";
    CodeUntil: "A code was made and is good until {0}. A new one replaces it.", "発行済みのコードは{0}まで有効です。再発行すると置き換えられます。";
    NoCode: "The person needs a code to choose a password.", "パスワードの設定にはコードが必要です。";
    MakeCode: "Make a code", "コードを発行";
    NoSessions: "Not signed in. Sessions appear here while they last.", "サインインしていません。サインイン中のセッションが表示されます。";
    EndAll: "End all sessions", "すべてのセッションを終了";
    CodeFor: "Code for {0}", "{0}のコード";
    CodeHandOver: "Hand this over in person or through a channel you trust. It is shown only now, is good for {0} hours, and works once.", "対面または信頼できる手段で本人に渡してください。表示は今回限りで、{0}時間以内に一度だけ使用できます。";
    CodeWhere: "It is entered at {0}; this link fills it in:", "{0}で入力します。次のリンクでは自動入力されます:";

    // Invitation
    InviteTitle: "Welcome", "ようこそ";
    InviteHow: "Enter the code you were given and choose a password. You set up a second factor next.", "受け取ったコードを入力し、パスワードを決めてください。続いて二要素認証を設定します。";
    InviteCode: "Code", "コード";
    InviteWrong: "The code is not right, or no longer good. Ask for a new one.", "コードが違うか、有効期限が切れています。再発行を依頼してください。";
    Begin: "Begin", "開始する";
}
