//! What objects of people are called, and the names in them, in the languages that systems are written in: `{"klant": {"naam":
//! "…"}}`.
//!
//! All of them mean the same as one word that [`keys`](super::super::keys) knows the pairs of.

/// Whom an object tells of. As the key above a name all are `user`.
#[rustfmt::skip]
const PERSONS: &[&str] = &[
    "requester", "requestor", "submitter", "opener", "caller", "callee", "approver", "reviewer", "manager", "supervisor", "technician", "clerk", "invitee", "pusher", "neighbour", "neighbor",
    "colleague", "visitor", "resident", "signatory", "contactperson", "createdby", "updatedby", "modifiedby", "reportedby", "requestedby", "approvedby", "assignedto", "assignedby", "signedby",
    "openedby", "closedby", "submittedby", "performedby", "purchaser", "orderer", "landlord", "lessee", "claimant", "donor",
    "kunde", "kundin", "empfaenger", "empfanger", "absender", "besteller", "auftraggeber", "antragsteller", "kaeufer", "kaufer", "ansprechpartner", "kontakt", "fahrer", "mieter", "vermieter",
    "versicherter", "mitarbeiter", "benutzer", "inhaber", "bewohner", "eigentuemer", "teilnehmer", "gast",
    "destinataire", "expediteur", "demandeur", "acheteur", "conducteur", "locataire", "assure", "employe", "utilisateur", "titulaire", "voyageur", "abonne", "beneficiaire", "interlocuteur",
    "cliente", "destinatario", "remitente", "solicitante", "comprador", "contacto", "inquilino", "paciente", "asegurado", "empleado", "usuario", "titular", "pasajero", "huesped",
    "mittente", "richiedente", "acquirente", "contatto", "autista", "paziente", "dipendente", "utente", "titolare", "passeggero", "ospite", "intestatario",
    "remetente", "utilizador", "condutor", "passageiro", "funcionario", "contato",
    "klant", "ontvanger", "afzender", "aanvrager", "koper", "contactpersoon", "bestuurder", "huurder", "medewerker", "gebruiker", "bewoner", "deelnemer",
    "klient", "odbiorca", "nadawca", "kupujacy", "kierowca", "pracownik", "uzytkownik", "zamawiajacy", "wnioskodawca",
    "kund", "mottagare", "avsandare", "anvandare", "bestallare", "mottaker", "avsender", "bruker", "bestiller", "modtager", "afsender", "bruger", "asiakas", "vastaanottaja", "lahettaja",
    "musteri", "alici", "gonderen", "kullanici", "zakaznik", "prijemce", "odesilatel", "destinatar", "expeditor",
];

/// Several of them in an array. Of words for one there are more, but few objects of theirs stand in lists.
#[rustfmt::skip]
const GROUPS: &[&str] = &[
    "users", "owners", "authors", "customers", "patients", "contacts", "recipients", "passengers", "guests", "students", "teachers", "employees", "members", "participants", "attendees", "invitees",
    "signers", "travelers", "travellers", "applicants", "candidates", "beneficiaries", "subscribers", "holders", "cardholders", "assignees", "reviewers", "approvers", "requesters", "visitors", "residents", "donors",
    "kunden", "patienten", "empfaenger", "mitglieder", "passagiere", "teilnehmende", "clientes", "usuarios", "pasajeros", "destinatarios", "pacientes", "destinataires", "passagers", "voyageurs", "participantes",
    "klanten", "ontvangers", "deelnemers", "passagiers", "klienci", "uczestnicy", "odbiorcy", "pasazerowie", "kunder", "mottagare", "deltagare", "deltakere", "deltagere",
];

/// What the name of a person is called.
const NAMES: &[&str] = &[
    "naam",
    "navn",
    "namn",
    "nom",
    "nome",
    "nombre",
    "nazwa",
    "isim",
    "adi",
    "nimi",
    "nume",
    "jmeno",
    "displayname",
    "adsoyad",
    "imienazwisko",
];

/// The words of this file, and the half of a pair that each stands for.
pub fn aliases() -> impl Iterator<Item = (&'static str, &'static str)> {
    let persons = PERSONS.iter().chain(GROUPS).map(|word| (*word, "user"));
    persons.chain(NAMES.iter().map(|word| (*word, "name")))
}
