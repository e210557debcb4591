//! Numbers and dates of people behind the words that announce them, in many languages: `PESEL 92030447975`, `nato il 4 luglio
//! 1961`, `permis de conduire n° 217756404689`.
//!
//! A label is a word or several; between it and its value stand punctuation and small words (`number`, `n°`, `is`). What
//! follows is read group by group, and the longest run of groups that is such a number is taken, so that the words behind
//! it stay.
//!
//! Invariant: what is read behind a label is bounded, so the time is linear.
//! Invariant: a label that means much else takes numbers with the right check digits only.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::ids::Id;
use super::{checks, numbers};

/// Labels of one kind of value.
struct Family {
    labels: &'static [Label],
    gate: LazyLock<AhoCorasick>,
}

/// Words, lower-case but for letters beyond ASCII, and what stands behind them.
type Label = (&'static str, Value);

/// What a label announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Value {
    /// One of these numbers, with its check digits.
    Checked(&'static [Id]),
    /// One of these numbers, or anything that has the digits of one: the label is sure.
    Sure(&'static [Id]),
    /// The number of a passport, a licence or a card.
    Document,
    /// The number of an account at a bank.
    Account,
    /// The number of a payment card, with its sum.
    Card,
    /// A date.
    Date,
    /// A phone number in any national form.
    Phone,
    /// A phone number with the zero of its country's long distance calls, perhaps behind some words: `bel … op 06-…`.
    Call,
}

/// The words of a table, for the gate.
const fn keywords<const N: usize>(labels: &'static [Label]) -> [&'static str; N] {
    let mut words = [""; N];
    let mut at = 0;
    while at < N {
        words[at] = labels[at].0;
        at += 1;
    }
    words
}

use Value::{Account, Call, Card, Checked, Date, Document, Phone, Sure};

#[rustfmt::skip]
const NATIONAL: &[Label] = &[
    ("ssn", Checked(&[Id::UsSsn, Id::UsItin, Id::SePersonnummer])), ("social security", Checked(&[Id::UsSsn, Id::UsItin])), ("itin", Checked(&[Id::UsItin])), ("taxpayer identification", Checked(&[Id::UsItin, Id::UsSsn])),
    ("medicare", Checked(&[Id::UsMbi, Id::AuMedicare])), ("mbi", Checked(&[Id::UsMbi])),
    ("nino", Sure(&[Id::UkNino])), ("national insurance", Sure(&[Id::UkNino])), ("nhs", Checked(&[Id::UkNhs])), ("utr", Checked(&[Id::UkUtr])), ("taxpayer reference", Checked(&[Id::UkUtr])),
    ("dni", Sure(&[Id::EsDni, Id::ArDni])), ("d.n.i", Sure(&[Id::EsDni, Id::ArDni])), ("nie", Checked(&[Id::EsDni])), ("n.i.e", Checked(&[Id::EsDni])),
    ("nif", Checked(&[Id::EsDni, Id::PtNif, Id::FrSpi])), ("n.i.f", Checked(&[Id::EsDni, Id::PtNif])), ("seguridad social", Checked(&[Id::EsNss, Id::MxNss])), ("contribuinte", Checked(&[Id::PtNif, Id::BrCpf])),
    ("codice fiscale", Sure(&[Id::ItCodice])), ("c.f.", Checked(&[Id::ItCodice])), ("cod. fisc", Sure(&[Id::ItCodice])), ("cod.fisc", Sure(&[Id::ItCodice])),
    ("nir", Checked(&[Id::FrNir])), ("insee", Checked(&[Id::FrNir])), ("numéro de sécu", Sure(&[Id::FrNir])), ("numero de secu", Sure(&[Id::FrNir])), ("sécurité sociale", Sure(&[Id::FrNir])),
    ("securite sociale", Sure(&[Id::FrNir])), ("n° sécu", Sure(&[Id::FrNir])), ("numéro fiscal", Sure(&[Id::FrSpi])), ("numero fiscal", Sure(&[Id::FrSpi])),
    ("steuer-id", Sure(&[Id::DeTax])), ("steuerid", Sure(&[Id::DeTax])), ("steuernummer", Sure(&[Id::DeTax])), ("steueridentifikationsnummer", Sure(&[Id::DeTax])),
    ("steuer-identifikationsnummer", Sure(&[Id::DeTax])), ("identifikationsnummer", Checked(&[Id::DeTax])), ("idnr", Checked(&[Id::DeTax])),
    ("sozialversicherungsnummer", Sure(&[Id::DeInsurance, Id::AtSvnr])), ("sozialversicherungsnr", Sure(&[Id::DeInsurance, Id::AtSvnr])), ("versicherungsnummer", Checked(&[Id::DeInsurance, Id::AtSvnr])),
    ("rentenversicherungsnummer", Sure(&[Id::DeInsurance])), ("sv-nummer", Sure(&[Id::DeInsurance, Id::AtSvnr])), ("svnr", Sure(&[Id::AtSvnr])), ("sv-nr", Sure(&[Id::DeInsurance, Id::AtSvnr])),
    ("versichertennummer", Sure(&[Id::DeInsurance])), ("krankenversichertennummer", Sure(&[Id::DeInsurance])), ("kvnr", Sure(&[Id::DeInsurance])),
    ("ahv", Sure(&[Id::ChAhv])), ("avs", Checked(&[Id::ChAhv])), ("bsn", Sure(&[Id::NlBsn])), ("burgerservicenummer", Sure(&[Id::NlBsn])), ("sofinummer", Sure(&[Id::NlBsn])),
    ("rijksregisternummer", Sure(&[Id::BeNrn])), ("registre national", Sure(&[Id::BeNrn])), ("numéro national", Sure(&[Id::BeNrn])), ("niss", Sure(&[Id::BeNrn, Id::PtNiss])), ("insz", Sure(&[Id::BeNrn])),
    ("matricule", Checked(&[Id::LuMatricule])),
    ("pesel", Sure(&[Id::PlPesel])), ("nip", Checked(&[Id::PlNip])), ("rodné číslo", Sure(&[Id::CzRc])), ("rodne cislo", Sure(&[Id::CzRc])), ("rodného čísla", Sure(&[Id::CzRc])), ("rodným číslem", Sure(&[Id::CzRc])),
    ("rč", Checked(&[Id::CzRc])), ("taj", Checked(&[Id::HuTaj])), ("adóazonosító", Sure(&[Id::HuTax])), ("személyi szám", Sure(&[Id::HuTax])),
    ("cnp", Checked(&[Id::RoCnp])), ("egn", Checked(&[Id::BgEgn])), ("егн", Sure(&[Id::BgEgn])), ("ЕГН", Sure(&[Id::BgEgn])), ("oib", Checked(&[Id::HrOib])), ("emšo", Sure(&[Id::YuJmbg])), ("emŠo", Sure(&[Id::YuJmbg])),
    ("emso", Checked(&[Id::YuJmbg])), ("jmbg", Sure(&[Id::YuJmbg])), ("јмбг", Sure(&[Id::YuJmbg])), ("ЈМБГ", Sure(&[Id::YuJmbg])), ("amka", Checked(&[Id::GrAmka])), ("αμκα", Sure(&[Id::GrAmka])), ("ΑΜΚΑ", Sure(&[Id::GrAmka])),
    ("αφμ", Sure(&[Id::GrAfm])), ("ΑΦΜ", Sure(&[Id::GrAfm])), ("afm", Checked(&[Id::GrAfm])),
    ("ppsn", Sure(&[Id::IePps])), ("pps", Checked(&[Id::IePps])), ("cpr", Checked(&[Id::DkCpr])), ("personnummer", Sure(&[Id::SePersonnummer, Id::NoFnr])), ("personnr", Sure(&[Id::SePersonnummer, Id::NoFnr])),
    ("samordningsnummer", Sure(&[Id::SePersonnummer])), ("fødselsnummer", Sure(&[Id::NoFnr])), ("fodselsnummer", Sure(&[Id::NoFnr])), ("fødselsnr", Sure(&[Id::NoFnr])),
    ("henkilötunnus", Sure(&[Id::FiHetu])), ("henkilotunnus", Sure(&[Id::FiHetu])), ("henkilötunnuksella", Sure(&[Id::FiHetu])), ("hetu", Checked(&[Id::FiHetu])), ("kennitala", Sure(&[Id::IsKennitala])), ("kt.", Checked(&[Id::IsKennitala])),
    ("isikukood", Sure(&[Id::Baltic])), ("asmens kodas", Sure(&[Id::Baltic])), ("asmens kodo", Sure(&[Id::Baltic])), ("personas kods", Sure(&[Id::LvCode])),
    ("kimlik", Sure(&[Id::TrTckn])), ("tckn", Sure(&[Id::TrTckn])), ("teudat zehut", Sure(&[Id::IlTeudat])), ("תעודת זהות", Sure(&[Id::IlTeudat])), ("ת.ז", Sure(&[Id::IlTeudat])),
    ("снилс", Sure(&[Id::RuSnils])), ("СНИЛС", Sure(&[Id::RuSnils])), ("инн", Checked(&[Id::RuInn])), ("ИНН", Checked(&[Id::RuInn])), ("snils", Checked(&[Id::RuSnils])), ("рнокпп", Sure(&[Id::UaRnokpp])), ("РНОКПП", Sure(&[Id::UaRnokpp])),
    ("ІПН", Checked(&[Id::UaRnokpp])), ("ИИН", Checked(&[Id::KzIin])), ("ЖСН", Checked(&[Id::KzIin])),
    ("cpf", Sure(&[Id::BrCpf])), ("pis", Checked(&[Id::BrPis])), ("pasep", Checked(&[Id::BrPis])), ("nis", Checked(&[Id::BrPis])), ("curp", Sure(&[Id::MxCurp])), ("rfc", Checked(&[Id::MxRfc])), ("nss", Checked(&[Id::MxNss, Id::EsNss])),
    ("cuil", Sure(&[Id::ArCuil])), ("cuit", Checked(&[Id::ArCuil])), ("rut", Checked(&[Id::ClRut, Id::UyCedula])), ("run", Checked(&[Id::ClRut])), ("r.u.t", Sure(&[Id::ClRut])),
    ("cédula", Sure(&[Id::CoCedula])), ("cedula", Sure(&[Id::CoCedula])), ("c.c.", Checked(&[Id::CoCedula])), ("documento de identidad", Sure(&[Id::CoCedula])),
    ("sin", Checked(&[Id::CaSin])), ("social insurance", Sure(&[Id::CaSin])), ("tfn", Sure(&[Id::AuTfn])), ("tax file", Sure(&[Id::AuTfn])), ("ird", Checked(&[Id::NzIrd])), ("nhi", Checked(&[Id::NzNhi])),
    ("aadhaar", Sure(&[Id::InAadhaar])), ("aadhar", Sure(&[Id::InAadhaar])), ("आधार", Sure(&[Id::InAadhaar])), ("pan card", Sure(&[Id::InPan])), ("pan", Checked(&[Id::InPan])),
    ("身份证", Sure(&[Id::CnResident])), ("身份證", Sure(&[Id::CnResident, Id::HkIdentity])), ("身分證", Sure(&[Id::TwIdentity])), ("hkid", Sure(&[Id::HkIdentity])), ("주민등록번호", Sure(&[Id::KrRrn])), ("주민번호", Sure(&[Id::KrRrn])),
    ("マイナンバー", Sure(&[Id::JpMyNumber])), ("個人番号", Sure(&[Id::JpMyNumber])), ("my number", Checked(&[Id::JpMyNumber])), ("nric", Sure(&[Id::SgNric, Id::MyKad])), ("mykad", Sure(&[Id::MyKad])), ("kad pengenalan", Sure(&[Id::MyKad])),
    ("บัตรประชาชน", Sure(&[Id::ThCitizen])), ("thai id", Sure(&[Id::ThCitizen])), ("nik", Checked(&[Id::IndonesianNik])), ("ktp", Checked(&[Id::IndonesianNik])), ("cnic", Sure(&[Id::PkCnic])), ("cccd", Sure(&[Id::NgNin])), ("cmnd", Sure(&[Id::ArDni])),
    ("emirates id", Sure(&[Id::AeEmirates])), ("bvn", Checked(&[Id::NgNin])), ("nin", Checked(&[Id::NgNin])),
    ("sa id", Checked(&[Id::ZaIdentity])), ("id number", Checked(&[Id::ZaIdentity, Id::ThCitizen, Id::CnResident, Id::IlTeudat, Id::SgNric, Id::KrRrn, Id::TwIdentity, Id::EgNid])), ("id no", Checked(&[Id::ZaIdentity, Id::ThCitizen, Id::CnResident, Id::IlTeudat, Id::SgNric])),
    ("national id", Sure(&[])), ("identity number", Sure(&[Id::ZaIdentity])), ("identity card", Sure(&[])), ("id card", Sure(&[])), ("tax id", Sure(&[])), ("citizen id", Sure(&[Id::ThCitizen])), ("national identification", Sure(&[])),
    ("codicefiscale", Sure(&[Id::ItCodice])), ("codfiscale", Sure(&[Id::ItCodice])), ("cod. fiscale", Sure(&[Id::ItCodice])), ("cf", Checked(&[Id::ItCodice])),
    ("personalnumber", Sure(&[Id::SePersonnummer, Id::NoFnr])), ("personal number", Sure(&[Id::SePersonnummer, Id::NoFnr])), ("personal_number", Sure(&[Id::SePersonnummer, Id::NoFnr])), ("pnr", Checked(&[Id::SePersonnummer])),
    ("person", Checked(&[Id::SePersonnummer, Id::NoFnr])), ("taxid", Sure(&[])), ("nationalid", Sure(&[])), ("identitynumber", Sure(&[Id::ZaIdentity])), ("socialsecuritynumber", Checked(&[Id::UsSsn])), ("citizenid", Sure(&[Id::ThCitizen])),
    ("personal id", Sure(&[])), ("personal identification", Sure(&[])), ("birth number", Sure(&[Id::CzRc])),
];

#[rustfmt::skip]
const DOCUMENTS: &[Label] = &[
    ("passport", Document), ("reisepass", Document), ("reisepassnummer", Document), ("reisepass-nr", Document), ("passnummer", Document), ("pass-nr", Document), ("passeport", Document), ("pasaporte", Document), ("passaporto", Document), ("passaporte", Document),
    ("paspoort", Document), ("paspoortnummer", Document), ("paszport", Document), ("paszportu", Document), ("útlevél", Document), ("pașaport", Document), ("pasaport", Document), ("cestovní pas", Document),
    ("паспорт", Document), ("Паспорт", Document), ("паспорта", Document), ("护照", Document), ("護照", Document), ("パスポート", Document), ("旅券番号", Document), ("여권번호", Document), ("여권", Document), ("διαβατήριο", Document), ("passnr", Document),
    ("driving licence", Document), ("driving license", Document), ("driver licence", Document), ("driver license", Document), ("driver's licence", Document), ("driver's license", Document),
    ("drivers licence", Document), ("drivers license", Document), ("licence number", Document), ("dl number", Document), ("dl no", Document),
    ("führerschein", Document), ("führerscheinnummer", Document), ("fuehrerschein", Document), ("permis de conduire", Document), ("permiso de conducir", Document), ("carnet de conducir", Document), ("licencia de conducir", Document),
    ("carta de condução", Document), ("cnh", Document), ("patente di guida", Document), ("patente n", Document), ("rijbewijs", Document), ("rijbewijsnummer", Document), ("prawo jazdy", Document), ("prawa jazdy", Document), ("körkort", Document), ("førerkort", Document),
    ("kørekort", Document), ("ajokortti", Document), ("řidičský průkaz", Document), ("permis auto", Document), ("ehliyet", Document), ("водительское удостоверение", Document),
    ("personalausweis", Document), ("ausweisnummer", Document), ("ausweis-nr", Document), ("carte d'identité", Document), ("carta d'identità", Document), ("cartão de cidadão", Document), ("dowód osobisty", Document), ("dowodu osobistego", Document),
    ("identiteitskaart", Document), ("občanský průkaz", Document), ("osobna iskaznica", Document), ("titre de séjour", Document), ("aufenthaltstitel", Document),
];

#[rustfmt::skip]
const ACCOUNTS: &[Label] = &[
    ("account number", Account), ("account no", Account), ("acct number", Account), ("acct no", Account), ("bank account", Account), ("routing number", Account), ("routing no", Account),
    ("aba", Account), ("kontonummer", Account), ("konto-nr", Account), ("kontonr", Account), ("konto nr", Account), ("kto.", Account), ("kto-nr", Account), ("clabe", Account), ("cbu", Account), ("cvu", Account),
    ("número de cuenta", Account), ("numero de cuenta", Account), ("cuenta bancaria", Account), ("cuenta corriente", Account), ("cuenta n", Account), ("conta corrente", Account), ("número da conta", Account), ("conta bancária", Account), ("conta poupança", Account),
    ("conto corrente", Account), ("numero di conto", Account), ("numéro de compte", Account), ("numero de compte", Account), ("compte n", Account), ("compte bancaire", Account), ("rib", Account),
    ("rekeningnummer", Account), ("bankrekening", Account), ("rekening", Account), ("numer rachunku", Account), ("numer konta", Account), ("rachunek nr", Account), ("nr rachunku", Account), ("číslo účtu", Account), ("cislo uctu", Account),
    ("számlaszám", Account), ("bankszámlaszám", Account), ("tilinumero", Account), ("bankgiro", Account), ("plusgiro", Account), ("hesap no", Account), ("номер счета", Account), ("расчетный счет", Account), ("口座番号", Account), ("계좌번호", Account), ("银行账号", Account),
];

#[rustfmt::skip]
const CARDS: &[Label] = &[
    ("card", Card), ("karte", Card), ("kreditkarte", Card), ("kartennummer", Card), ("tarjeta", Card), ("carte", Card), ("carta", Card), ("cartão", Card), ("cartao", Card), ("kaart", Card), ("kort", Card), ("karta", Card), ("kartą", Card), ("kortti", Card),
    ("maestro", Card), ("visa", Card), ("mastercard", Card), ("amex", Card), ("diners", Card), ("discover", Card), ("unionpay", Card), ("jcb", Card), ("карта", Card), ("карты", Card), ("银行卡", Card), ("카드", Card), ("カード", Card), ("pan", Card),
];

#[rustfmt::skip]
const BIRTHS: &[Label] = &[
    ("born", Date), ("birth", Date), ("birthdate", Date), ("birthday", Date), ("dob", Date), ("d.o.b", Date), ("geboren", Date), ("geb.", Date), ("geburtsdatum", Date), ("geburtstag", Date),
    ("né le", Date), ("née le", Date), ("ne le", Date), ("nee le", Date), ("né(e) le", Date), ("naissance", Date), ("nacido", Date), ("nacida", Date), ("nació", Date), ("nacimiento", Date), ("f. nac", Date), ("f.nac", Date), ("fec. nac", Date),
    ("nato il", Date), ("nata il", Date), ("nascita", Date), ("nascido", Date), ("nascida", Date), ("nascimento", Date), ("nasc.", Date), ("nasceu", Date),
    ("geboortedatum", Date), ("geb.datum", Date), ("ur.", Date), ("urodzony", Date), ("urodzona", Date), ("urodzenia", Date), ("urodzin", Date), ("född", Date), ("födelsedatum", Date), ("født", Date), ("fødselsdato", Date), ("fødselsdag", Date),
    ("syntynyt", Date), ("syntymäaika", Date), ("narozen", Date), ("narozena", Date), ("narozený", Date), ("nar.", Date), ("narození", Date), ("narodený", Date), ("narodená", Date), ("született", Date), ("szül.", Date), ("születési", Date), ("születési idő", Date),
    ("născut", Date), ("născută", Date), ("nașterii", Date), ("nascut", Date), ("doğum tarihi", Date), ("d.tarihi", Date), ("doğumlu", Date), ("rođen", Date), ("rođena", Date), ("rođenja", Date), ("rojen", Date), ("rojena", Date), ("gimęs", Date), ("dzimis", Date), ("sündinud", Date),
    ("γεννήθηκε", Date), ("γέννησης", Date), ("роден", Date), ("родена", Date), ("родился", Date), ("родилась", Date), ("рождения", Date), ("д.р.", Date), ("народився", Date), ("народилася", Date), ("народження", Date),
    ("生年月日", Date), ("出生日期", Date), ("生日", Date), ("생년월일", Date), ("tanggal lahir", Date), ("lahir", Date), ("ngày sinh", Date), ("תאריך לידה", Date), ("تاريخ الميلاد", Date),
];

#[rustfmt::skip]
const PHONES: &[Label] = &[
    ("phone", Phone), ("telephone", Phone), ("phone number", Phone), ("tel", Call), ("telefon", Phone), ("telefonnummer", Phone), ("telefonnr", Phone), ("tlf", Phone), ("mobile", Call), ("mobile number", Phone), ("mobil", Call),
    ("mobilnummer", Phone), ("cell", Call), ("cell phone", Phone), ("handy", Call), ("handynummer", Phone), ("rufnummer", Phone), ("festnetz", Phone), ("whatsapp", Phone), ("landline", Phone), ("fax", Call), ("telefax", Phone),
    ("telefono", Phone), ("teléfono", Phone), ("móvil", Phone), ("movil", Call), ("celular", Phone), ("telefone", Phone), ("telemóvel", Phone), ("cellulare", Phone), ("cell.", Phone), ("téléphone", Phone), ("portable", Call), ("tél", Call), ("gsm", Call),
    ("telefoon", Phone), ("telefoonnummer", Phone), ("mobiel", Phone), ("telefonu", Phone), ("komórka", Phone), ("kom.", Call), ("puhelin", Phone), ("puh.", Phone), ("telefonszám", Phone), ("telefonní číslo", Phone), ("телефон", Phone), ("тел", Call),
    ("τηλέφωνο", Phone), ("τηλ", Phone), ("電話", Phone), ("电话", Phone), ("手机", Phone), ("전화", Phone), ("휴대폰", Phone), ("voicemail", Call), ("sms to", Call), ("call", Call), ("called", Call), ("dial", Call), ("dialed", Call), ("dialled", Call),
    ("reach", Call), ("reached", Call), ("bel", Call), ("bellen", Call), ("ring", Call), ("ringde", Call), ("anrufen", Call), ("anruf", Call), ("rückruf", Call), ("erreichbar", Call), ("llamar", Call), ("llame", Call), ("appeler", Call), ("rappeler", Call),
    ("joindre", Call), ("chiamare", Call), ("telefonare", Call), ("ligar", Call), ("dzwonić", Call), ("zadzwonić", Call), ("volat", Call), ("zavolat", Call), ("soita", Call), ("aramak", Call), ("позвонить", Call), ("sunați", Call), ("text me", Call), ("callback", Call),
    ("contact him", Call), ("contact her", Call), ("contact me", Call), ("contact us", Call), ("contact them", Call), ("contact at", Call), ("contact on", Call), ("erreichen", Call), ("rufen", Call), ("zurückrufen", Call), ("terugbellen", Call), ("opbellen", Call), ("bereikbaar", Call), ("rappelez", Call), ("appelez", Call), ("contacter", Call), ("beni", Call), ("bana", Call),
    ("llámenme", Phone), ("llámame", Phone), ("llamadme", Phone), ("llámeme", Phone), ("richiamatemi", Phone), ("richiamare", Phone), ("richiamami", Phone), ("chiamatemi", Phone), ("chiamami", Phone),
    ("me ligue", Phone), ("me liga", Phone), ("ligue para", Phone), ("oddzwonić", Phone), ("oddzwoń", Phone), ("zadzwoń", Phone), ("dzwonić", Phone), ("zavolejte", Phone), ("zavolajte", Phone), ("ring mig", Phone), ("ring meg", Phone), ("ring til", Phone), ("soittakaa", Phone),
    ("my number", Phone), ("meine nummer", Phone), ("mijn nummer", Phone), ("mon numéro", Phone), ("mi número", Phone), ("mio numero", Phone), ("meu número", Phone), ("mój numer", Phone), ("mitt nummer", Phone), ("mit nummer", Phone), ("numaram", Phone),
];

pub const NATIONAL_WORDS: &[&str] = &keywords::<{ NATIONAL.len() }>(NATIONAL);
pub const DOCUMENT_WORDS: &[&str] = &keywords::<{ DOCUMENTS.len() }>(DOCUMENTS);
pub const ACCOUNT_WORDS: &[&str] = &keywords::<{ ACCOUNTS.len() }>(ACCOUNTS);
pub const CARD_WORDS: &[&str] = &keywords::<{ CARDS.len() }>(CARDS);
pub const BIRTH_WORDS: &[&str] = &keywords::<{ BIRTHS.len() }>(BIRTHS);

pub const PHONE_WORDS: &[&str] = &keywords::<{ PHONES.len() }>(PHONES);

fn gate(labels: &[Label]) -> AhoCorasick {
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::LeftmostLongest)
        .kind(Some(AhoCorasickKind::ContiguousNFA))
        .build(labels.iter().map(|(label, _)| label))
        .expect("short literals")
}

static NATIONAL_LABELS: Family = Family { labels: NATIONAL, gate: LazyLock::new(|| gate(NATIONAL)) };
static DOCUMENT_LABELS: Family = Family { labels: DOCUMENTS, gate: LazyLock::new(|| gate(DOCUMENTS)) };
static ACCOUNT_LABELS: Family = Family { labels: ACCOUNTS, gate: LazyLock::new(|| gate(ACCOUNTS)) };
static CARD_LABELS: Family = Family { labels: CARDS, gate: LazyLock::new(|| gate(CARDS)) };
static BIRTH_LABELS: Family = Family { labels: BIRTHS, gate: LazyLock::new(|| gate(BIRTHS)) };

static PHONE_LABELS: Family = Family { labels: PHONES, gate: LazyLock::new(|| gate(PHONES)) };

/// The next phone number.
pub fn next_phone(text: &str, from: usize) -> Option<Range<usize>> {
    PHONE_LABELS.next(text, from)
}

/// The next number of a person from a place on.
pub fn next_national_id(text: &str, from: usize) -> Option<Range<usize>> {
    NATIONAL_LABELS.next(text, from)
}

/// The next number of a passport, a licence or an identity card.
pub fn next_document(text: &str, from: usize) -> Option<Range<usize>> {
    DOCUMENT_LABELS.next(text, from)
}

/// The next number of an account.
pub fn next_account(text: &str, from: usize) -> Option<Range<usize>> {
    ACCOUNT_LABELS.next(text, from)
}

/// The next number of a payment card that does not show by its digits alone.
pub fn next_card(text: &str, from: usize) -> Option<Range<usize>> {
    CARD_LABELS.next(text, from)
}

/// The next date of birth.
pub fn next_birth(text: &str, from: usize) -> Option<Range<usize>> {
    BIRTH_LABELS.next(text, from)
}

impl Family {
    fn next(&self, text: &str, from: usize) -> Option<Range<usize>> {
        let mut at = from;
        while let Some(hit) = self.gate.find(aho_corasick::Input::new(text).range(at..)) {
            let (label, value) = self.labels[hit.pattern().as_usize()];
            if is_word(text, hit.range(), label) {
                let near = value_start(text, hit.end()).and_then(|start| value.at(text, start));
                let far = || value.far_start(text, hit.end()).and_then(|start| value.at(text, start));
                if let Some(range) = near.or_else(far).filter(|range| range.start >= from) {
                    return Some(range);
                }
            }
            // A label may begin inside another.
            at = text.ceil_char_boundary(hit.start() + 1);
        }
        None
    }
}

/// Whether a label stands alone. In scripts without blanks it stands beside anything.
fn is_word(text: &str, range: Range<usize>, label: &str) -> bool {
    let solid = |char: char| char.is_alphanumeric() && !is_unspaced(char);
    let before = text[..range.start].chars().next_back();
    let escaped = text[..range.start].ends_with(r"\n") || text[..range.start].ends_with(r"\t");
    let behind = text[range.end..].chars().next();
    let unspaced = label.chars().next().is_some_and(is_unspaced);
    (unspaced || escaped || !before.is_some_and(solid)) && (unspaced || !behind.is_some_and(char::is_alphabetic))
}

fn is_unspaced(char: char) -> bool {
    matches!(char, '\u{0e00}'..='\u{0e7f}' | '\u{3000}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}')
}

/// Small words between a label and its value.
#[rustfmt::skip]
const LINKS: &[&str] = &[
    "a", "al", "am", "auf", "card", "ciudadania", "ciudadanía", "d", "da", "das", "date", "de", "del", "den", "der", "di", "die", "dne", "do", "du", "dnia", "e", "el", "em", "en", "er", "id", "il", "in", "is", "ist", "it", "kart", "le",
    "lautet", "nein", "n", "no", "nr", "nro", "num", "numarasi", "numarası", "number", "numer", "numero", "numéro", "número", "nummer", "number:", "o", "of", "on", "op", "ref", "s", "the", "un", "v", "was", "č", "číslo", "номер", "ve", "with", "year", "y",
    "at", "to", "me", "us", "him", "her", "under", "via", "from", "phone", "mobile", "this", "new", "old", "nuevo",
    "na", "pod", "på", "till", "til", "unter", "ao", "numerem", "numeru", "se",
    "holder", "ending", "value", "field", "und", "code", "kodu", "szám", "kod",
];

/// The most bytes between a label and its value.
const GAP_MAX: usize = 40;

/// Where the value behind a label begins.
fn value_start(text: &str, from: usize) -> Option<usize> {
    let limit = text.floor_char_boundary(from + GAP_MAX);
    let mut at = from;
    let mut separated = false;
    while at < limit {
        let rest = &text[at..limit];
        let gap = rest.len()
            - rest
                .trim_start_matches(|char: char| " \t\r\n:=#\"'.-(/*°º№>|,_\u{a0}：号码號碼番号は".contains(char))
                .len();
        separated |= gap > 0;
        at += gap;
        let rest = &text[at..limit];
        let word: &str = &rest[..rest.find(|char: char| !char.is_alphabetic()).unwrap_or(rest.len())];
        if word.is_empty() || !LINKS.contains(&&*word.to_lowercase()) {
            // Behind a label in an unspaced script, the value may follow at once.
            let unspaced = text[..from].chars().next_back().is_some_and(is_unspaced);
            let starts = rest.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
            return (starts && (separated || unspaced || word.is_empty())).then_some(at);
        }
        // A link that the value is glued to: `n°4711` is fine, `no4711` is an id.
        if rest[word.len()..].starts_with(|char: char| char.is_ascii_digit()) {
            return separated.then_some(at);
        }
        at += word.len();
    }
    None
}

/// The most bytes of a value.
const VALUE_MAX: usize = 34;

impl Value {
    /// Where a number begins behind more than small words.
    fn far_start(self, text: &str, from: usize) -> Option<usize> {
        let window = &text[from..text.floor_char_boundary(from + GAP_MAX)];
        let at = window.find(|char: char| char.is_ascii_digit())?;
        let prose = window[..at].chars().all(|char| char.is_alphabetic() || " .,:'’(\"".contains(char)) && at > 0;
        (self == Call && prose && window[..at].ends_with([' ', '('])).then_some(from + at)
    }

    /// The value that begins at a place.
    fn at(self, text: &str, start: usize) -> Option<Range<usize>> {
        if let Phone | Call = self {
            let end = phone_end(text, start, self)?;
            // `(0911) 715410`
            let open = text[..start].ends_with('(') && text[start..end].contains(')');
            return Some(start - usize::from(open)..end);
        }
        if self == Date {
            // The time of day goes on behind the `T` of a moment, and nobody's birth is known as well.
            let moment = |end: &usize| {
                let rest = &text.as_bytes()[*end..];
                rest.first() == Some(&b'T') && rest.get(1).is_some_and(u8::is_ascii_digit)
            };
            return date_end(text, start).filter(|end| !moment(end)).map(|end| start..end);
        }
        let groups = groups(text.as_bytes(), start);
        let whole = |end: &&usize| !goes_on(text.as_bytes(), **end);
        let ends = || groups.iter().rev().filter(whole);
        let pick = |is: &dyn Fn(&str) -> bool| ends().find(|end| is(&text[start..**end])).map(|end| start..*end);
        match self {
            Checked(ids) => pick(&|value| ids.iter().any(|id| id.holds(value))),
            Sure(ids) => pick(&|value| ids.iter().any(|id| id.holds(value)))
                .or_else(|| pick(&|value| is_plausible(value)))
                .filter(|range| checks::is_national_id(text, range)),
            Document => pick(&is_document),
            Account => pick(&is_account).filter(|range| checks::is_national_id(text, range) || range.len() < 18),
            Card => pick(&is_card),
            Date | Phone | Call => None,
        }
    }
}

/// Where the groups of letters and digits end that begin at a place, each but the first behind one separator.
fn groups(bytes: &[u8], start: usize) -> Vec<usize> {
    let mut ends = Vec::new();
    let mut at = start;
    while ends.len() < 8 {
        let length = bytes[at..].iter().take(VALUE_MAX).take_while(|byte| byte.is_ascii_alphanumeric()).count();
        if length == 0 || at + length - start > VALUE_MAX {
            break;
        }
        at += length;
        // What a word in another script goes on with is no group.
        if bytes.get(at).is_none_or(u8::is_ascii) {
            ends.push(at);
        }
        match bytes[at..] {
            [b' ' | b'-' | b'.' | b'/' | b'(', next, ..] if next.is_ascii_alphanumeric() => at += 1,
            [0xc2, 0xa0, next, ..] if next.is_ascii_digit() => at += 2,
            _ => break,
        }
    }
    ends
}

/// Whether a value goes on behind what was read.
fn goes_on(bytes: &[u8], end: usize) -> bool {
    match bytes[end..] {
        [b'-' | b'/' | b'_' | b'@', next, ..] => next.is_ascii_alphanumeric(),
        [b'.', next, ..] => next.is_ascii_digit(),
        [b':', next, ..] => next.is_ascii_digit(),
        [next, ..] => next.is_ascii_alphanumeric() || next == b'_' || next == b'@',
        [] => false,
    }
}

/// Digits with a letter or two, in one script and case: no words.
fn is_plausible(value: &str) -> bool {
    let mut groups = value.split([' ', '-', '.', '/']);
    let neat = |group: &str| {
        let letters = group.bytes().filter(u8::is_ascii_alphabetic).count();
        let lower = group.bytes().filter(u8::is_ascii_lowercase).count();
        letters == 0
            || (lower == 0 || lower == letters)
                && (group.len() > letters || letters <= 1 || value.contains('-') && letters <= 3)
    };
    let digits = value.bytes().filter(u8::is_ascii_digit).count();
    let letters = value.bytes().filter(u8::is_ascii_alphabetic).count();
    digits >= 6 && letters <= digits + 4 && groups.all(neat) && !is_day_or_version(value)
}

/// `2026-09-14`, `1.2.3`
fn is_day_or_version(value: &str) -> bool {
    let parts: Vec<&str> = value.split(['-', '.', '/']).collect();
    let digits = |part: &&str| part.bytes().all(|byte| byte.is_ascii_digit());
    matches!(parts.len(), 3 | 4)
        && parts.iter().all(digits)
        && (parts.iter().all(|part| part.len() <= 3) && parts.iter().any(|part| part.len() < 3)
            || parts[0].len() == 4 && parts[1].len() == 2 && parts[2].len() == 2
            || parts[0].len() == 2 && parts[1].len() == 2 && parts[2].len() == 4)
}

fn is_document(value: &str) -> bool {
    let id: Vec<u8> = value.bytes().filter(u8::is_ascii_alphanumeric).collect();
    let digits = id.iter().filter(|byte| byte.is_ascii_digit()).count();
    let groups = value.split([' ', '-', '.', '/']).count();
    let shouted = id.iter().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
    let cased = shouted || id.iter().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase()) && digits >= 5;
    // Groups of digits, or a series of letters before them.
    let grouped = groups == 1
        || value.split([' ', '-', '.', '/']).enumerate().all(|(at, group)| {
            group.bytes().all(|byte| byte.is_ascii_digit())
                || at == 0 && group.len() <= 4
                || group.len() == 1 && at + 1 == groups
        });
    (6..=18).contains(&id.len())
        && (digits >= 4 || digits >= 2 && shouted && id.len() == 9)
        && cased
        && grouped
        && !is_day_or_version(value)
}

fn is_account(value: &str) -> bool {
    let id: Vec<u8> = value.bytes().filter(u8::is_ascii_alphanumeric).collect();
    let digits = id.iter().filter(|byte| byte.is_ascii_digit()).count();
    let letters = id.len() - digits;
    let solid = !value.contains(' ') || letters == 0;
    (6..=26).contains(&digits)
        && (letters == 0 || letters <= 5 && solid && digits >= 8 && id.iter().all(|byte| !byte.is_ascii_lowercase()))
        && !is_day_or_version(value)
}

fn is_card(value: &str) -> bool {
    let neat = value.bytes().all(|byte| byte.is_ascii_digit() || b" -.".contains(&byte));
    let digits = numbers::digits(value.as_bytes());
    // Short ones are of an old issuer; what begins with a year is a time.
    let starts =
        digits.first().is_some_and(|first| matches!(first, 3..=6) || digits.len() >= 16 && matches!(first, 2 | 8 | 9));
    neat && (12..=19).contains(&digits.len()) && starts && numbers::luhn(&digits)
}

/// Where the phone number ends that begins at a place.
fn phone_end(text: &str, start: usize, value: Value) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut lengths = Vec::new();
    let mut best = None;
    let (mut at, mut count) = (start, 0);
    while lengths.len() < 7 {
        let length = bytes[at..].iter().take(14).take_while(|byte| byte.is_ascii_digit()).count();
        if length == 0 {
            break;
        }
        at += length;
        count += length;
        lengths.push(length);
        if count > 13 {
            break;
        }
        if !goes_on(bytes, at) && is_phone(&text[start..at], &lengths, count, value) {
            best = Some(at);
        }
        let gap = bytes[at..].iter().take(3).take_while(|byte| b" -./()".contains(byte)).count();
        if gap == 0 {
            break;
        }
        at += gap;
    }
    best
}

fn is_phone(text: &str, lengths: &[usize], count: usize, value: Value) -> bool {
    let varied = super::forms::different(text.as_bytes()) > 3;
    let trunk = text.starts_with('0') && !text.starts_with("000");
    let american = lengths == [3, 3, 4] && matches!(text.as_bytes()[0], b'2'..=b'9');
    // An address of a machine, a time, a decimal number.
    let dotted = lengths.len() == 4 && lengths.iter().all(|length| *length <= 3) && text.matches('.').count() == 3;
    let decimal = lengths.len() == 2 && text.contains('.');
    let sure = value == Phone && (8..=12).contains(&count) && (lengths.len() > 1 || count >= 9);
    let call = trunk && (count >= 8 && lengths.len() > 1 || (9..=12).contains(&count));
    varied && !dotted && !decimal && !is_day_or_version(text) && !text.contains("  ") && (call || american || sure)
}

/// Where the date ends that begins at a place.
fn date_end(text: &str, start: usize) -> Option<usize> {
    let window = &text[start..text.floor_char_boundary(start + VALUE_MAX)];
    let end = numeric_date(window).or_else(|| worded_date(window)).or_else(|| bare_date(window))?;
    let next = window[end..].chars().next();
    (!next.is_some_and(|next| next.is_ascii_alphanumeric() && next != 'T')).then_some(start + end)
}

fn leading_digits(text: &str) -> &str {
    &text[..text.bytes().take_while(u8::is_ascii_digit).count()]
}

fn is_year(text: &str) -> bool {
    text.len() == 4 && (text.starts_with("19") || text.starts_with("20") || text.starts_with("18"))
}

/// `1990-04-12`, `12/04/1990`, `11. 3. 1979`, `12.04.90`, `1990年4月12日`
fn numeric_date(text: &str) -> Option<usize> {
    let mut parts = Vec::new();
    let mut separators = Vec::new();
    let mut at = 0;
    loop {
        let digits = leading_digits(&text[at..]);
        if digits.is_empty() || digits.len() > 4 {
            break;
        }
        parts.push(digits);
        at += digits.len();
        let rest = &text[at..];
        if parts.len() == 3 {
            let unspaced = rest.strip_prefix(['日', '일']).map(|rest| text.len() - rest.len());
            at = unspaced.unwrap_or(at);
            break;
        }
        let marks = ["-", "/", ".", "年", "月", "년 ", "월 ", "년", "월"];
        let mark = marks.iter().find(|mark| rest.starts_with(**mark))?;
        separators.push(if "年月년 월 ".contains(mark) { "年" } else { mark });
        at += mark.len();
        at += text[at..].len() - text[at..].trim_start_matches(' ').len();
    }
    let [first, second, third] = parts[..] else { return None };
    let same = separators.windows(2).all(|pair| pair[0] == pair[1]);
    let short = |part: &str| part.len() <= 2;
    let dated = is_year(first) && short(second) && short(third)
        || short(first) && short(second) && (is_year(third) || third.len() == 2 && second.len() == 2);
    (same && dated).then_some(at)
}

/// `12 April 1990`, `April 12th, 1990`, `21 de maio de 2001`, `4 luglio 1961`, `Thu, 13 Sep 1984`
fn worded_date(text: &str) -> Option<usize> {
    let (mut day, mut month, mut at) = (false, false, 0);
    for _ in 0..7 {
        let rest = &text[at..];
        let gap = rest.len() - rest.trim_start_matches([' ', ',', '.', '-']).len();
        at += gap;
        let rest = &text[at..];
        let digits = leading_digits(rest);
        if is_year(digits) {
            return (day && month).then_some(at + 4);
        }
        if matches!(digits.len(), 1 | 2) && !day {
            day = true;
            at += digits.len();
            let ordinal = ["st", "nd", "rd", "th", "er", "º", "°", "."]
                .iter()
                .find(|end| rest[digits.len()..].starts_with(**end));
            at += ordinal.map_or(0, |end| end.len());
            continue;
        }
        let word = &rest[..rest.find(|char: char| !char.is_alphabetic()).unwrap_or(rest.len())];
        match word.chars().count() {
            0 => return None,
            // `3 rows of 1990`
            2 if month && word == "of" => return None,
            1 | 2 => {}
            3..=12 => month = true,
            _ => return None,
        }
        at += word.len();
    }
    None
}

/// `19900412`, `12041990`
fn bare_date(text: &str) -> Option<usize> {
    let digits = leading_digits(text);
    let month = |part: &str| part.parse::<u8>().is_ok_and(|month| (1..=12).contains(&month));
    let day = |part: &str| part.parse::<u8>().is_ok_and(|day| (1..=31).contains(&day));
    let dated = digits.len() == 8
        && (is_year(&digits[..4]) && month(&digits[4..6]) && day(&digits[6..])
            || is_year(&digits[4..]) && day(&digits[..2]) && month(&digits[2..4]));
    dated.then_some(8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(next: fn(&str, usize) -> Option<Range<usize>>, text: &str, want: Option<&str>) {
        assert_eq!(next(text, 0).map(|range| &text[range]), want, "{text}");
    }

    #[test]
    fn numbers_of_people_are_read_to_their_end() {
        let check = |text, want| check(next_national_id, text, want);
        check("pacjent o numerze PESEL 92030447975 nie figuruje", Some("92030447975"));
        check("Tax File Number 646 603 066 not recognised", Some("646 603 066"));
        check("contribuinte NIF 209248491 não enquadrado", Some("209248491"));
        check("conductor con D.N.I. n.º 32127624-M, sin", Some("32127624-M"));
        check("주민등록번호 870314-2780924 확인", Some("870314-2780924"));
        check("주민등록번호는870314-2780924", None);
        check("ЕГН 8703141260 липсва", Some("8703141260"));
        check("T.C. kimlik no 35386748352 kayıt", Some("35386748352"));
        check("cédula de ciudadanía 1088311984 sin historial", Some("1088311984"));
        check("SA ID number 7909234044084 awaiting", Some("7909234044084"));
        check("SIN 492 597 844 flagged", Some("492 597 844"));
        check("a sin 492597845 of omission", None);
        check("run 20260914 of 12", None);
        check("national id missing for 3 users", None);
        check("nif upload 20260914", None);
        check("cpf check took 120000 ms", None);
    }

    #[test]
    fn documents_accounts_and_cards_are_read_behind_their_words() {
        check(next_document, "passeport n° 64SS27140 signalé", Some("64SS27140"));
        check(next_document, "permis de conduire n° 217756404689 délivré", Some("217756404689"));
        check(next_document, "паспорт 4510 123456 выдан", Some("4510 123456"));
        check(next_document, "passport strategy v1200", None);
        check(next_document, "passport 2026-09-14", None);
        check(next_account, "account no 15864104, reason", Some("15864104"));
        check(next_account, "la CLABE 072352062723377831 no pertenece", Some("072352062723377831"));
        check(next_account, "Kontonummer 1905776695, BLZ 37040044", Some("1905776695"));
        check(next_account, "rekening 12 van 20", None);
        check(next_card, "Maestro-kaart 675937878197488618 geweigerd", Some("675937878197488618"));
        check(next_card, "card 675937878197488619", None);
    }

    #[test]
    fn phones_are_read_in_their_national_forms() {
        let check = |text, want| check(next_phone, text, want);
        check("Tel. 0221/8076643 ab 17 Uhr", Some("0221/8076643"));
        check("my phone number is 919 284 2643, thanks", Some("919 284 2643"));
        check("bel 's middags op 06-45827270, bewoner", Some("06-45827270"));
        check("teléfono 610 17 81 16 del cliente", Some("610 17 81 16"));
        check("Telefon: (0911) 715410", Some("(0911) 715410"));
        check("phone:\n    This value \"0160 5556498\" is not valid", Some("0160 5556498"));
        check("phone verified at 2026-09-14", None);
        check("call 127.0.0.1:8080", None);
        check("called 1200 times in 0.25 s", None);
        check("cell 0.25 0.75", None);
        check("call took 1234567890 ns", None);
        check("ring buffer of 0123 entries", None);
    }

    #[test]
    fn dates_of_birth_are_read_in_many_languages() {
        let check = |text, want| check(next_birth, text, want);
        check("born March 3rd, 1999 and", Some("March 3rd, 1999"));
        check("paziente nato il 4 luglio 1961, ricovero", Some("4 luglio 1961"));
        check("aluna nascida em 21 de maio de 2001, falta", Some("21 de maio de 2001"));
        check("pacjentka ur. 11.03.1979, skierowanie", Some("11.03.1979"));
        check("Fecha de nacimiento: 15/02/1990. Alergias", Some("15/02/1990"));
        check("née le 1er mai 1970 à", Some("1er mai 1970"));
        check("生年月日：1990年4月12日", Some("1990年4月12日"));
        check("narozen 11. 3. 1979 v Brně", Some("11. 3. 1979"));
        check("DOB 19900412", Some("19900412"));
        check("process born at 2026", None);
        check("born in 3 rows of 1990", None);
        check("birthday mails sent 120", None);
    }
}
