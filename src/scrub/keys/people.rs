//! Keys that tell of people, in the languages that systems are written in.
//!
//! Invariant: a key whose value may as well be something else (`nif`, `run`, `address`) asks for a form that only the
//! number, the name or the place has.

use super::super::detectors::Id;
use super::{Form, Group, Place, pii, secret};

/// The groups of keys, each with one meaning.
#[rustfmt::skip]
pub const GROUPS: &[Group] = &[
    pii("email", Place::Anywhere, Form::Email, &["email", "emails", "e mail", "mail", "email address", "email addresses", "mail address"]),
    pii("phone", Place::Person, Form::Phone, &[
        "phone", "phones", "telephone", "mobile", "cellphone", "tel", "fax", "msisdn", "whatsapp", "telefon", "handy",
        "phone number", "mobile number", "contact number", "cell phone", "mobile phone", "home phone",
        "tel no", "mobile no", "contact no", "cell", "cell number", "landline", "homephone", "workphone", "wa id", "day phone", "evening phone",
        "telefonnummer", "telefonnr", "rufnummer", "handynummer", "mobilnummer", "mobiltelefon", "mobil", "mobilfunk", "festnetz", "durchwahl", "telefax",
        "telephones", "telefono", "teléfono", "telefonos", "movil", "móvil", "celular", "telefone", "telefones", "telemovel", "telemóvel",
        "cellulare", "cellulari", "recapito telefonico", "portable", "gsm", "telefoon", "telefoonnummer", "mobielnummer", "mobiel",
        "telefonu", "komorka", "komórka", "komorkowy", "telefonszam", "telefonszám", "mobilszam", "telefonnumer", "mobilnr", "tlf", "tlfnr", "telefonnumre",
        "puhelin", "puhelinnumero", "matkapuhelin", "cislo telefonu", "mobilni telefon", "telefonni cislo", "numar telefon", "numer telefonu", "telefon numarasi",
        "cep telefonu", "ceptelefonu", "gsm no", "telefono numeris", "no telepon", "nomor telepon", "nomor hp", "telepon", "so dien thoai", "dien thoai",
        "телефон", "τηλέφωνο", "κινητό", "電話", "電話番号", "携帯電話", "手机", "手机号", "电话", "전화번호", "휴대폰", "연락처", "טלפון", "هاتف",
    ]),
    pii("phone", Place::Person, Form::Dialled, &[
        "recipient", "recipients", "receiver", "receivers", "callee", "caller id", "calling number", "called number", "from number",
        "to number", "ani", "dnis", "destination number", "source number",
    ]),
    pii("ssn", Place::Person, Form::Digits(6), &["ssn", "social security", "security number", "itin"]),
    pii("national_id", Place::Person, Form::Digits(5), &[
        "national id", "national number", "insurance number", "national insurance", "tax id", "tax number", "taxpayer id", "tax payer", "personal id", "identity number",
        "identity card", "nino", "cpf", "dni", "curp", "pesel", "bsn", "aadhaar", "aadhar", "personnummer",
        "driver license", "drivers license", "driving licence", "driving license", "license number", "licence number", "steuer id",
        "citizen id", "codice fiscale", "codicefiscale",
        "tax identification", "identification number", "steueridentifikationsnummer", "identifikationsnummer", "steuer identifikationsnummer", "steuernummer", "idnr",
        "sozialversicherungsnummer", "sozialversicherungsnr", "rentenversicherungsnummer", "versicherungsnummer", "krankenversichertennummer", "versichertennummer",
        "sv nummer", "sv nr", "svnr", "svnummer", "ahv nummer", "ahv nr", "ahvn", "personalausweis", "ausweisnummer", "personalausweisnummer",
        "numero secu", "securite sociale", "sécurité sociale", "numero fiscal", "numero securite", "num secu",
        "seguridad social", "documento identidad", "numero documento", "carnet identidad", "cedula", "cédula", "cedula ciudadania", "cuil", "rfc curp", "rut",
        "rijksregisternummer", "registre national", "numero national", "numéro national", "insz", "niss", "burgerservicenummer", "sofinummer",
        "personal number", "personnumer", "samordningsnummer", "fodselsnummer", "fødselsnummer", "foedselsnummer", "personnr", "cpr", "cpr number", "cpr nummer", "cpr nr", "cprnr",
        "henkilotunnus", "henkilötunnus", "hetu", "kennitala", "isikukood", "asmens kodas", "asmenskodas", "personas kods", "personaskods",
        "rodne cislo", "rodné číslo", "rodnecislo", "birth number", "oib", "emso", "jmbg", "egn", "егн", "cnp", "amka", "αμκα", "αφμ",
        "ppsn", "pps number", "pps no", "ppsno", "nhs number", "nhs no", "utr", "social insurance", "tfn", "tax file",
        "tckn", "tckimlik", "kimlik no", "kimlikno", "kimlik numarasi", "tc kimlik", "teudat zehut", "zehut", "snils", "снилс", "инн", "rnokpp", "рнокпп",
        "nric", "mykad", "mykad no", "hkid", "cnic", "cccd", "cmnd", "idcard", "id card no", "id card number", "rrn", "resident registration", "jumin", "juminno",
        "주민등록번호", "my number", "mynumber", "マイナンバー", "個人番号", "身份证", "身份证号", "身分證", "shenfenzheng", "aadhaarno", "uidai",
        "medicare beneficiary", "medicare number", "mbi", "emirates id", "emiratesid", "iqama", "bvn", "nomor induk", "thai id", "titulo eleitor", "contribuinte",
        "szemelyi szam", "taj szam", "adoazonosito", "adószám", "nationalid", "ssnumber",
    ]),
    pii("national_id", Place::Person, Form::Document, &["pan card", "pancard", "pan number", "pan no"]),
    // Words that mean much else.
    pii("national_id", Place::Person, Form::Ids(&[Id::GrAfm]), &["afm"]),
    pii("national_id", Place::Person, Form::Ids(&[Id::EsDni, Id::PtNif, Id::FrSpi]), &["nif", "nie", "tin"]),
    pii("national_id", Place::Person, Form::Ids(&[Id::UsMbi]), &["beneficiary id"]),
    pii("national_id", Place::Person, Form::Ids(&[Id::EcCedula]), &["ruc"]),
    secret("cvv", Place::Last, Form::ShortCode, &["cv"]),
    secret("cvv", Place::Anywhere, Form::Code, &[
        "card code", "card verification", "verification value", "kartenprufnummer", "kartenprüfnummer", "pruefziffer", "prufziffer", "codigo seguridad", "código seguridad",
        "codigo seguranca", "código segurança", "cryptogramme", "codice sicurezza", "beveiligingscode", "cvx", "cav2",
    ]),
    pii("national_id", Place::Person, Form::Ids(&[Id::FrNir]), &["nir", "insee"]),
    pii("national_id", Place::Person, Form::Ids(&[Id::ClRut, Id::UyCedula]), &["run", "rol unico"]),
    pii("national_id", Place::Person, Form::Ids(&[Id::CaSin]), &["sin"]),
    pii("national_id", Place::Person, Form::Ids(&[Id::NgNin, Id::PlNip, Id::BrPis, Id::IndonesianNik, Id::RuInn, Id::UaRnokpp, Id::KzIin]), &["nin", "nip", "pis", "nik", "inn", "iin"]),
    pii("national_id", Place::Person, Form::Ids(&[Id::MxRfc, Id::MxCurp]), &["rfc"]),
    pii("national_id", Place::Person, Form::Ids(&[Id::NzIrd]), &["ird"]),
    pii("national_id", Place::Person, Form::Ids(&[
        Id::ZaIdentity, Id::ThCitizen, Id::CnResident, Id::IlTeudat, Id::SgNric, Id::KrRrn, Id::TwIdentity, Id::EsDni, Id::AeEmirates, Id::EgNid, Id::YuJmbg, Id::HrOib, Id::TrTckn,
    ]), &["id number", "id no", "idno", "idnumber", "identity no", "identity", "personal code", "national identity", "citizen"]),
    pii("national_id", Place::Person, Form::Ids(&[
        Id::CnResident, Id::SgNric, Id::EsDni, Id::ItCodice, Id::DeTax, Id::TrTckn, Id::PlPesel, Id::RoCnp, Id::HrOib, Id::SePersonnummer, Id::NoFnr, Id::FiHetu, Id::BeNrn, Id::NlBsn,
    ]), &[
        "fiscal code", "nationalidentifier", "national identifier", "personal identifier", "fiscal number",
    ]),
    pii("passport", Place::Person, Form::Document, &[
        "passport", "passport number", "passport no", "passport id", "passnummer", "reisepass", "reisepassnummer", "passeport", "pasaporte", "passaporto",
        "passaporte", "paspoort", "paspoortnummer", "paszport", "pas nummer", "utlevel", "pasaport", "паспорт", "護照", "护照", "旅券番号", "여권번호",
        "travel document",
    ]),
    pii("driving_licence", Place::Person, Form::Document, &[
        "dl number", "dl no", "driver licence", "drivers licence", "driverlicense", "fuhrerschein", "fuehrerschein", "führerschein", "führerscheinnummer",
        "fuehrerscheinnummer", "permis conduire", "licencia conducir", "carnet conducir", "carta conducao", "patente guida", "rijbewijs", "rijbewijsnummer",
        "prawo jazdy", "prawa jazdy", "korkort", "körkort", "korkortsnummer", "forerkort", "førerkort", "korekort", "kørekort", "ajokortti", "cnh", "dvla",
    ]),
    pii("iban", Place::Person, Form::Digits(8), &["iban", "ibans"]),
    pii("bank_account", Place::Person, Form::Digits(5), &[
        "account number", "account no", "bank account", "acct number", "account nr", "routing number", "acct no", "acct num", "bank acct",
        "account identifier", "aba number", "bban", "kontonummer", "kontonr", "bankkonto", "kontonumre", "tilinumero", "pankkitili", "rekeningnummer", "bankrekening",
        "bankrekeningnummer", "cuenta bancaria", "numero cuenta", "número cuenta", "cuenta corriente", "clabe", "cbu", "cvu", "conta corrente", "conta bancaria", "conta bancária",
        "numero conta", "conta poupanca", "numero compte", "numéro compte", "num compte", "compte bancaire", "conto corrente", "numero conto", "conto bancario",
        "numer rachunku", "numer konta", "rachunek bankowy", "rachunku", "cislo uctu", "číslo účtu", "szamlaszam", "bankszamlaszam", "számlaszám", "numar cont", "cont bancar",
        "hesap no", "hesap numarasi", "bankgiro", "plusgiro", "bankgironummer", "口座番号", "银行账号", "银行卡号", "계좌번호", "номер счета",
    ]),
    pii("card", Place::Person, Form::Digits(12), &[
        "pan", "pans", "fpan", "dpan", "card number", "card numbers", "card no", "cc number", "cc no", "cc num", "ccno", "credit card", "debit card", "card pan", "card num",
        "primary account", "numero tarjeta", "tarjeta", "numero carte", "numero cartao", "cartao", "cartão", "numero carta", "kartennummer", "kreditkartennummer",
        "kreditkarte", "kaartnummer", "kortnummer", "kortnr", "numer karty", "cislo karty", "kart no", "kart numarasi", "carte bancaire", "account pan", "bank card",
    ]),
    pii("birth_date", Place::Person, Form::Date, &[
        "dob", "birthdate", "birth date", "birthday", "of birth", "date birth", "geburtsdatum", "born", "birthdt", "birth dt", "bday", "birth year", "year birth", "yob",
        "geburtstag", "gebdatum", "geb datum", "geboren", "date naissance", "datenaissance", "naissance", "fecha nacimiento", "fechanacimiento", "nacimiento", "fec nac", "fecha nac",
        "data nascita", "datanascita", "nascita", "data nascimento", "datanascimento", "nascimento", "dt nascimento", "dt nasc", "data nasc", "geboortedatum", "geboortedag", "geboorte datum",
        "data urodzenia", "urodzenia", "fodselsdato", "fødselsdato", "foedselsdato", "fodselsdag", "fødselsdag", "fodelsedatum", "födelsedatum", "fodelsedag", "syntymaaika", "syntymäaika",
        "datum narozeni", "narozeni", "narození", "datum narodenia", "narodenia", "szuletesi", "születési", "szuletesi datum", "szuletett", "data nasterii", "nasterii", "dogum tarihi",
        "dogumtarihi", "doğum", "rojstva", "rodjenja", "rodenja", "rođenja", "tanggal lahir", "tgl lahir", "ngay sinh", "gimimo data",
        "дата рождения", "рождения", "народження", "생년월일", "生年月日", "出生日期", "出生", "γέννησης",
    ]),
    pii("name", Place::Person, Form::Name, &[
        "first name", "last name", "full name", "middle name", "maiden name", "given name", "family name", "surname", "surnames", "customer name",
        "cardholder", "cardholder name", "holder name", "account holder", "card holder", "patient name", "contact name", "beneficiary name",
        "legal name", "real name", "vorname", "nachname", "forename", "birth name", "passenger name", "guest name", "employee name",
        "person name", "preferred name", "fname", "lname", "mname", "student name", "pupil name", "teacher name", "doctor name", "physician name",
        "member name", "applicant name", "candidate name", "recipient name", "receiver name", "addressee name", "consignee name", "payer name", "payee name", "debtor name", "creditor name",
        "buyer name", "shopper name", "purchaser name", "subscriber name", "signer name", "signatory name", "witness name", "guardian name", "parent name", "mother name", "father name", "mothers maiden",
        "spouse name", "child name", "insured name", "policyholder name", "policyholder", "claimant name", "attendee name", "visitor name", "resident name", "borrower name", "donor name",
        "billing name", "shipping name", "consumer name", "consumername", "delivery name", "traveller name", "traveler name", "participant name", "caregiver name", "nurse name", "tenant fullname", "lessee name",
        "individual name", "holder names", "worker name", "staff name", "salutation name", "cardholdername", "accountholder", "firstname", "lastname", "nick surname",
        "contact first", "contact last", "customer given", "customer family", "patient first", "patient last", "employee first", "employee last", "recipient first", "recipient last", "passenger first", "passenger last", "contact given", "contact family", "name first", "name last", "name middle", "name given", "name family", "names given", "names family",
        "person first", "person last", "customer first", "customer last", "billing first", "billing last", "shipping first", "shipping last", "user first", "user last",
        "cdtr nm", "dbtr nm", "ultmtcdtr nm", "ultmtdbtr nm", "initgpty nm", "billingdetails name", "shippingdetails name", "customerdetails name", "shipto name", "billto name", "soldto name",
        "billingaddress name", "shippingaddress name", "emergencycontact name", "nextofkin name", "accountholder name", "donor fullname",
        "familienname", "geburtsname", "rufname", "ansprechpartner", "empfaengername", "kontoinhaber", "karteninhaber", "vornamen", "kundenname",
        "prenom", "prénom", "prenoms", "nom famille", "nom usage", "nom naissance", "nom complet", "nom client", "nom titulaire", "nom patient", "nom salarie", "nom prenom",
        "apellido", "apellidos", "nombre completo", "nombre cliente", "nombre titular", "nombre paciente", "nombre pila", "nombre apellidos", "primer nombre", "segundo nombre", "nombres apellidos",
        "cognome", "nome completo", "nome cognome", "nome cliente", "nome titular", "nome titolare", "nome paziente", "nome paciente", "nome mae", "nome aluno", "sobrenome", "apelido", "nominativo",
        "achternaam", "voornaam", "voornamen", "roepnaam", "volledige naam", "naam klant", "klantnaam", "nazwisko", "imie", "imię", "imiona", "fornamn", "förnamn", "efternamn", "fornavn", "etternavn", "efternavn",
        "etunimi", "sukunimi", "kokonimi", "jmeno", "jméno", "prijmeni", "příjmení", "priezvisko", "vezeteknev", "vezetéknév", "keresztnev", "keresztnév", "nume familie", "prenume",
        "soyad", "soyadi", "soyadı", "adsoyad", "ad soyad", "prezime", "priimek", "nama lengkap", "namalengkap", "ho ten", "hoten", "familiya", "otchestvo", "pavarde", "vardas",
        "搭乗者名", "申込者名", "契約者名", "患者名", "顧客名", "фамилия", "имя", "отчество", "фио", "прізвище", "όνομα", "επώνυμο", "姓名", "氏名", "名前", "お名前", "성명", "성함",
    ]),
    pii("name", Place::Person, Form::FullName, &[
        "client name", "sender name", "driver name", "owner name", "assignee name", "agent name", "manager name", "supervisor name", "seller name",
    ]),
    pii("name", Place::Last, Form::FullName, &[
        "holder", "customer", "patient", "recipient", "consignee", "beneficiary", "payee", "payer", "debtor", "creditor", "passenger", "passengers", "guest", "student",
        "titular", "titulaire", "intestatario", "inhaber", "empfaenger", "beneficiario", "bénéficiaire", "beneficiaire", "kunde", "cliente", "paciente", "paziente", "pasajero",
        "cashier", "nurse", "doctor", "physician", "teacher", "mitarbeiter", "mitarbeiterin", "anrufer", "pax", "requester", "requestor", "submitter", "claimant", "applicant", "attendee", "destinataire", "destinatario", "expediteur", "expéditeur", "remitente", "remetente", "mittente", "demandeur", "solicitante",
        "empfänger", "absender", "antragsteller", "besteller", "klant", "ontvanger", "afzender", "aanvrager", "odbiorca", "nadawca", "klient", "kund", "mottagare", "mottaker", "modtager", "afsender", "müşteri",
        "заявник", "заявитель", "заказчик", "замовник", "получатель", "отримувач", "одержувач", "отправитель", "клиент", "клієнт", "пациент", "пацієнт", "пассажир", "покупатель",
    ]),
    pii("name", Place::Nested, Form::FullName, &[
        "user name", "owner name", "author name", "committer name", "organizer name", "reporter name", "profile name", "creator name", "identity name", "lead name", "actor name",
    ]),
    pii("name", Place::Alone, Form::FullName, &["cn", "sn", "names", "fn", "nm"]),
    pii("address", Place::Person, Form::Place, &[
        "street address", "postal address", "home address", "billing address", "shipping address", "delivery address", "mailing address",
        "residential address", "address line", "street", "post address", "customer address", "street name", "mailing street", "billing street", "shipping street", "other street",
        "wohnanschrift", "lieferanschrift", "rechnungsanschrift", "wohnadresse", "postanschrift", "strasse hausnummer", "logradouro", "endereco entrega", "streetaddress",
        "katuosoite", "postiosoite", "gatuadress", "gateadresse", "straatnaam", "strtnm", "adrline", "adr line", "adres zamieszkania", "indirizzo residenza", "direccion envio", "adresse postale", "domicile",
    ]),
    pii("address", Place::Person, Form::Street, &[
        "address", "addresses", "adresse", "adresses", "anschrift", "lieferadresse", "rechnungsadresse", "strasse", "straße", "hausanschrift", "rue", "voie", "direccion",
        "dirección", "direcciones", "domicilio", "calle", "indirizzo", "endereco", "endereço", "rua", "morada", "adres", "straat", "ulica", "adresa", "ulice", "osoite", "adress",
        "lakcim", "lakcím", "utca", "adresi", "sokak", "alamat", "dia chi", "адрес", "улица", "адреса", "διεύθυνση", "住所", "地址", "주소",
        "addr", "street line", "adresszeile", "ulica numer",
    ]),
    pii("address", Place::Person, Form::Postcode, &[
        "postcode", "zip", "zipcode", "zip code", "postal code", "postalcode", "eircode", "plz", "postleitzahl", "codepostal", "code postal", "codigo postal", "cep", "pstcd", "post code",
    ]),
];

/// Keys that are half of a name or a place beside others of the same person: `{"name": "…", "email": "…"}`.
#[rustfmt::skip]
pub const BESIDE: &[(&str, Form)] = &[
    ("name", Form::FullName), ("displayname", Form::FullName), ("sn", Form::Name), ("cn", Form::FullName), ("nom", Form::Name), ("nome", Form::Name), ("nombre", Form::Name), ("naam", Form::Name), ("ime", Form::Name), ("nume", Form::Name),
    ("first", Form::Name), ("last", Form::Name), ("middle", Form::Name), ("namn", Form::Name), ("navn", Form::Name), ("nimi", Form::Name), ("meno", Form::Name),
    ("zip", Form::Zip), ("zipcode", Form::Zip), ("postcode", Form::Zip), ("postalcode", Form::Zip), ("plz", Form::Zip), ("postleitzahl", Form::Zip), ("codepostal", Form::Zip),
    ("codigopostal", Form::Zip), ("cap", Form::Zip), ("cep", Form::Zip), ("postnummer", Form::Zip), ("postnr", Form::Zip), ("kodpocztowy", Form::Zip), ("psc", Form::Zip),
    ("postinumero", Form::Zip), ("iranyitoszam", Form::Zip), ("eircode", Form::Zip), ("postkode", Form::Zip), ("cp", Form::Zip), ("codpostal", Form::Zip),
    ("address", Form::Place), ("adresse", Form::Place), ("strasse", Form::Place), ("rue", Form::Place), ("via", Form::Street), ("indirizzo", Form::Place), ("rua", Form::Place), ("adres", Form::Place),
];

/// Keys of the parts of a place, beside an `address` that is no machine's.
#[rustfmt::skip]
pub const PLACES: &[&str] = &[
    "housenumber", "houseno", "hausnummer", "hausnr", "huisnummer", "city", "postcode", "zip", "zipcode", "postalcode", "plz", "ort", "stadt", "ville", "ciudad", "cidade", "citta", "comune",
    "bairro", "localidad", "provincia", "woonplaats", "miasto", "codepostal", "codigopostal", "postnummer",
];

/// Keys of the country of an address.
#[rustfmt::skip]
pub const COUNTRIES: &[&str] = &[
    "country", "countrycode", "countryname", "countryiso", "countryid", "countrycodeiso", "isocountry", "land", "landcode", "laenderkuerzel", "pays", "codepays", "pais", "codigopais", "paese", "kraj",
    "ulke", "maa", "zeme", "tara", "ctry",
];
