"""Every error that a user can meet: its code, HTTP status, next step, and whether a retry helps.

A `Kind` is a row of the catalogue; `docs/errors.md` is generated from these rows and a test
holds the two together. Code raises `HeadraceError(KIND, detail)`, where `detail` says what was
being done to what and why it failed. A detail never contains a credential, and never text that
a remote server chose.

Statuses: 4xx is the caller's, 424 is the user's database, which failed us (RFC 4918, section
11.4), 5xx is this service's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """One row of the error catalogue.

    `transient` says whether the same call may succeed later without anyone changing anything.
    """

    code: str
    status: int
    title: str
    hint: str
    transient: bool = False


@dataclass(frozen=True)
class Field:
    """A wrong field of an input: where it is (`connection.port`) and what is wrong with it.

    `suggestion` is the value that was probably meant.
    """

    path: str
    message: str
    suggestion: str | None = None


class HeadraceError(Exception):
    """An error that is meant for a user's eyes.

    `str(error)` is the detail alone; `hint` is the next step, the kind's own unless a more
    precise one is given, and `copy` what to copy for it, such as a statement. `facts` are what
    was learned on the way, by name. `retry_after` is in how many seconds a retry may help, if
    that is known.
    """

    def __init__(  # noqa: PLR0913  the first two say all of most errors
        self,
        kind: Kind,
        detail: str,
        *,
        hint: str | None = None,
        copy: str | None = None,
        fields: Iterable[Field] = (),
        facts: Mapping[str, str] | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.hint = hint or kind.hint
        self.copy = copy
        self.fields = tuple(fields)
        self.facts = dict(facts or {})
        self.retry_after = retry_after

    @property
    def code(self) -> str:
        return self.kind.code

    @property
    def transient(self) -> bool:
        return self.kind.transient


def catalogue() -> tuple[Kind, ...]:
    """All kinds, in the order in which they stand in this module."""
    return tuple(value for value in globals().values() if isinstance(value, Kind))


# --- requests ---------------------------------------------------------------------------------

INVALID_INPUT = Kind(
    "invalid_input",
    400,
    "The input is not valid",
    "Correct the fields that are listed and send the request again.",
)
MALFORMED_JSON = Kind(
    "malformed_json",
    400,
    "The request body is not JSON",
    "Send one JSON object, encoded as UTF-8.",
)
BODY_TOO_LARGE = Kind(
    "body_too_large",
    413,
    "The request body is too large",
    "Send less than 4 MiB.",
)
UNSUPPORTED_MEDIA_TYPE = Kind(
    "unsupported_media_type",
    415,
    "The request body has the wrong content type",
    "Send the header 'Content-Type: application/json'.",
)
ENDPOINT_NOT_FOUND = Kind(
    "endpoint_not_found",
    404,
    "There is no such address",
    "Look the address up in docs/openapi.json.",
)
METHOD_NOT_ALLOWED = Kind(
    "method_not_allowed",
    405,
    "The address does not take this method",
    "Use one of the methods that the Allow header names.",
)
NOT_SIGNED_IN = Kind(
    "not_signed_in",
    401,
    "The caller is not signed in",
    "Sign in on the page. Other callers send 'Authorization: Bearer TOKEN', with the token that "
    "'headrace serve' printed or, in the cloud, an ID token of Google's for the page's client.",
)
SIGN_IN_EXPIRED = Kind(
    "sign_in_expired",
    401,
    "The sign-in has expired",
    "Sign in again, and send the same request once more.",
)
NOT_ALLOWED = Kind(
    "not_allowed",
    403,
    "The caller may not use this service",
    "Ask whoever runs the service to put the address, or its domain, on HEADRACE_VIEWERS or "
    "HEADRACE_EDITORS; or sign in as somebody else.",
)
EDITORS_ONLY = Kind(
    "editors_only",
    403,
    "The caller may look, and change nothing",
    "Ask whoever runs the service to put the address, or its domain, on HEADRACE_EDITORS.",
)
SCHEDULER_ONLY = Kind(
    "scheduler_only",
    403,
    "Only the scheduler may call this",
    "Start single runs instead. If the scheduler itself is refused, HEADRACE_SCHEDULER has to be "
    "the address of the service account whose token it sends.",
)
SIGN_IN_UNAVAILABLE = Kind(
    "sign_in_unavailable",
    503,
    "It can't be checked now who calls",
    "Try again. If it lasts, whoever runs the service sees whether it reaches the address of "
    "HEADRACE_SIGN_IN_KEYS.",
    transient=True,
)
SIGN_IN_NOT_CONFIGURED = Kind(
    "sign_in_not_configured",
    403,
    "Nobody may call this service yet",
    "Set HEADRACE_TOKEN, start the service with 'headrace serve', which makes a token, or have "
    "people sign in with Google: HEADRACE_SIGN_IN.",
)
TOO_MANY_TESTS = Kind(
    "too_many_tests",
    429,
    "The caller has had this service connect too often",
    "Wait as long as the Retry-After header says. Whoever runs the service can allow more with "
    "HEADRACE_TESTS_PER_MINUTE and HEADRACE_TESTS_PER_DAY, or HEADRACE_CONNECTIONS_PER_MINUTE and "
    "HEADRACE_CONNECTIONS_PER_DAY.",
    transient=True,
)
HOST_NOT_SERVED = Kind(
    "host_not_served",
    403,
    "The request was addressed to another host",
    "Open the address that 'headrace serve' printed.",
)
PORT_NOT_FREE = Kind(
    "port_not_free",
    500,
    "The local server can't listen on the port",
    "Choose another port with --port, or end the program that listens on this one.",
)
INTERNAL_ERROR = Kind(
    "internal_error",
    500,
    "Something went wrong that nobody foresaw",
    "Try again. If it happens again, report it with the log line that carries this request's id.",
)

# --- settings ---------------------------------------------------------------------------------

SETTINGS_INVALID = Kind(
    "settings_invalid",
    500,
    "A setting is missing or wrong",
    "Correct the environment variable or option that is named and start again.",
)

# --- sources, drafts and runs -----------------------------------------------------------------

SOURCE_NOT_FOUND = Kind(
    "source_not_found",
    404,
    "There is no such source",
    "List the sources of the model to see the ones that exist.",
)
SOURCE_STALE = Kind(
    "source_stale",
    409,
    "The source was changed by someone else in the meantime",
    "Load the source again, repeat your change on it, and save with its new etag.",
)
SOURCE_INCOMPLETE = Kind(
    "source_incomplete",
    409,
    "The source is not complete",
    "Complete the draft: choose at least one table, then activate it.",
)
SOURCE_STATE_WRONG = Kind(
    "source_state_wrong",
    409,
    "The source is in a state that does not allow this",
    "Look at the source's state; activate a draft, resume a paused source.",
)
PASSWORD_REQUIRED = Kind(
    "password_required",
    400,
    "A password is needed",
    "Send the password together with the changed host, port, user or database.",
)
RUN_NOT_FOUND = Kind(
    "run_not_found",
    404,
    "There is no such run",
    "List the runs of the source to see the ones that exist.",
)
RUN_ALREADY_LIVE = Kind(
    "run_already_live",
    409,
    "The source is being extracted already",
    "Wait for the live run to end, or cancel it.",
    transient=True,
)
RUN_CANCELLED = Kind(
    "run_cancelled",
    409,
    "The run was cancelled",
    "Start a new run when you want the data; the destination is as it was.",
)
RUN_INTERRUPTED = Kind(
    "run_interrupted",
    503,
    "The run was told to end before its work was done",
    "Start the run again; the destination is as it was. Its machine was probably shut down.",
    transient=True,
)
RUN_LOST = Kind(
    "run_lost",
    500,
    "The run's process ended without a word",
    "Let the run go on (headrace runs resume), or start a new one. If it happens again, look for a "
    "lack of memory on the machine.",
    transient=True,
)
RUN_NOT_RESUMABLE = Kind(
    "run_not_resumable",
    409,
    "The run can't go on",
    "Start a new run; it takes everything that is to be taken.",
)
LEASE_LOST = Kind(
    "lease_lost",
    409,
    "Another run took the source over",
    "Nothing to do: the run that holds the source goes on.",
)
LAUNCH_FAILED = Kind(
    "launch_failed",
    500,
    "The run's process could not be started",
    "Check that this machine has free memory and processes, then start the run again.",
    transient=True,
)
LAUNCHER_UNAVAILABLE = Kind(
    "launcher_unavailable",
    503,
    "What starts and watches the runs' processes can't be reached now",
    "Try again. If it lasts, look at the status of Cloud Run.",
    transient=True,
)
LAUNCHER_BUSY = Kind(
    "launcher_busy",
    503,
    "No further process can be started or asked for now",
    "Try again in a minute. If it lasts, look at the quotas of Cloud Run in the project, and at "
    "how many runs begin at the same time.",
    transient=True,
)
LAUNCHER_FORBIDDEN = Kind(
    "launcher_forbidden",
    500,
    "This service may not start or watch the runs' processes",
    "Give the service's account the roles 'Cloud Run Jobs Executor With Overrides' "
    "(roles/run.jobsExecutorWithOverrides) and 'Cloud Run Viewer' (roles/run.viewer) on the job, "
    "as the deployment's Terraform does, and check that the Cloud Run API is enabled.",
)
LAUNCHER_MISSING = Kind(
    "launcher_missing",
    500,
    "There is no such job to start",
    "Check the project, the region and the job that HEADRACE_LAUNCHER names. The deployment's "
    "Terraform makes the job.",
)

LOG_UNAVAILABLE = Kind(
    "log_unavailable",
    500,
    "The log of a run can't be read or removed",
    "Let whoever runs this service read and write the directory of logs, HEADRACE_LAUNCHER.",
)
LOG_UNREACHABLE = Kind(
    "log_unreachable",
    503,
    "The logs can't be reached now",
    "Try again. If it lasts, look at the status of Cloud Logging.",
    transient=True,
)
LOG_BUSY = Kind(
    "log_busy",
    503,
    "The logs can't be asked so often",
    "Try again in a minute. Cloud Logging answers a project about once a second; who follows "
    "several runs shares that.",
    transient=True,
)
LOG_FORBIDDEN = Kind(
    "log_forbidden",
    500,
    "This service may not read the logs",
    "Give the service's account the role 'Logs View Accessor' (roles/logging.viewAccessor) on the "
    "view that HEADRACE_LAUNCHER names, as the deployment's Terraform does, and check that the "
    "Cloud Logging API is enabled.",
)
LOG_MISSING = Kind(
    "log_missing",
    500,
    "There is no such view of logs",
    "Check the bucket and the view in '?logs=' of HEADRACE_LAUNCHER. The deployment's Terraform "
    "makes both.",
)

# --- documents and vault ----------------------------------------------------------------------

DOCUMENT_EXISTS = Kind(
    "document_exists",
    409,
    "The document exists already",
    "Load it and change it instead.",
)
DOCUMENT_STALE = Kind(
    "document_stale",
    409,
    "The document was changed in the meantime",
    "Load it again, repeat the change, and save.",
    transient=True,
)
DOCUMENTS_UNREADABLE = Kind(
    "documents_unreadable",
    500,
    "The documents can't be read",
    "Restore the documents file from a backup. It is left as it is; nothing was overwritten.",
)
DOCUMENTS_NEWER = Kind(
    "documents_newer",
    500,
    "The documents were written by a newer version of Headrace",
    "Upgrade Headrace, or point HEADRACE_DOCUMENTS at another file.",
)
DOCUMENTS_UNAVAILABLE = Kind(
    "documents_unavailable",
    503,
    "The documents can't be reached now",
    "Try again. If it lasts, check that the disk has room and that the file may be written; in the "
    "cloud, look at the status of Firestore.",
    transient=True,
)
DOCUMENTS_BUSY = Kind(
    "documents_busy",
    503,
    "The documents can't take more now",
    "Try again in a minute. If it lasts, look at the quotas of Firestore in the project, and at "
    "how many runs begin at the same time.",
    transient=True,
)
DOCUMENTS_FORBIDDEN = Kind(
    "documents_forbidden",
    500,
    "This service may not use the documents",
    "Give the service's account the role 'Cloud Datastore User' (roles/datastore.user) on the "
    "project, and check that the Firestore API is enabled.",
)
DOCUMENTS_MISSING = Kind(
    "documents_missing",
    500,
    "There is no such database of documents",
    "Check the project and the database that HEADRACE_DOCUMENTS names. The database has to exist, "
    "in Firestore's Native mode; it is never made on the way.",
)
DOCUMENTS_INDEX_MISSING = Kind(
    "documents_index_missing",
    500,
    "An index of the documents is missing",
    "Apply the deployment's Terraform again, which makes the indexes of firestore.indexes.json. If "
    "it was applied just now, wait until Firestore has built them.",
)
DOCUMENT_TOO_LARGE = Kind(
    "document_too_large",
    413,
    "The document is larger than its store allows",
    "Choose fewer tables or columns, and put the others into another source.",
)
VAULT_KEY_EXPOSED = Kind(
    "vault_key_exposed",
    500,
    "Others may read the vault's key",
    "Run 'chmod 600' on the key file; if someone may have read it, change the passwords too.",
)
VAULT_KEY_MISSING = Kind(
    "vault_key_missing",
    500,
    "The vault's key is missing",
    "Put the key file back beside the vault. Without it the stored passwords can't be read; "
    "to start again, move the vault file away and enter the passwords anew.",
)
VAULT_UNREADABLE = Kind(
    "vault_unreadable",
    500,
    "The vault can't be read",
    "Restore the vault and its key from the same backup. Nothing was overwritten.",
)
VAULT_UNAVAILABLE = Kind(
    "vault_unavailable",
    503,
    "The vault can't be reached now",
    "Try again. If it lasts, check that the disk has room and that the file may be written; in the "
    "cloud, look at the status of Secret Manager.",
    transient=True,
)
VAULT_BUSY = Kind(
    "vault_busy",
    503,
    "The vault can't take more now",
    "Try again in a minute. If it lasts, look at the quotas of Secret Manager in the project.",
    transient=True,
)
VAULT_FORBIDDEN = Kind(
    "vault_forbidden",
    500,
    "This service may not use the vault",
    "Give the service's account the right to these secrets; which service needs which is in the "
    "deployment's Terraform. Check that the Secret Manager API is enabled.",
)
VAULT_MISSING = Kind(
    "vault_missing",
    500,
    "There is no such vault",
    "Check the project that HEADRACE_VAULT names.",
)
CREDENTIALS_MISSING = Kind(
    "credentials_missing",
    409,
    "No password is stored for this server and user",
    "Edit the source and enter the password again.",
)

# --- reaching a database ----------------------------------------------------------------------

ADDRESS_INVALID = Kind(
    "address_invalid",
    400,
    "The address is not one of a database",
    "Enter a host name such as db.example.com, without scheme, port or path.",
)
ADDRESS_REFUSED = Kind(
    "address_refused",
    403,
    "This service does not connect to that address",
    "Enter the database's public address. For a database in a private network, whoever runs this "
    "service adds that network to HEADRACE_ALLOWED_NETWORKS.",
)
PORT_REFUSED = Kind(
    "port_refused",
    403,
    "This service does not connect to that port",
    "Check the port. If the database does listen there, whoever runs this service adds it to "
    "HEADRACE_ALLOWED_PORTS.",
)
URL_INVALID = Kind(
    "url_invalid",
    400,
    "The URL is not understood",
    "Write it like postgresql://USER@HOST:5432/DATABASE. Signs such as @ : / ? # % in a user name "
    "or a password are written as % and two hexadecimal digits: %40 %3A %2F %3F %23 %25.",
)
HOST_UNKNOWN = Kind(
    "host_unknown",
    424,
    "The host name does not exist",
    "Check the spelling of the host name with whoever runs the database.",
)
HOST_WITHOUT_ADDRESS = Kind(
    "host_without_address",
    424,
    "The host name stands for no address",
    "The name is one of a domain or of something else than a server: enter the full host name of "
    "the database, as its provider shows it.",
)
DNS_UNAVAILABLE = Kind(
    "dns_unavailable",
    424,
    "The host name could not be looked up",
    "Try again in a minute. If it lasts, check this machine's name servers.",
    transient=True,
)
INSTANCE_NOT_SERVED = Kind(
    "instance_not_served",
    500,
    "This service does not reach instances of Cloud SQL by name",
    "Whoever runs this service installs it with what Google Cloud needs: pip install "
    "'headrace[cloud]'. Or enter the database's host and port.",
)
GOOGLE_CREDENTIALS_MISSING = Kind(
    "google_credentials_missing",
    500,
    "This service has no account of Google Cloud",
    "On Google Cloud the service's account is used by itself. Elsewhere run 'gcloud auth "
    "application-default login', or let GOOGLE_APPLICATION_CREDENTIALS name a file.",
)
INSTANCE_UNKNOWN = Kind(
    "instance_unknown",
    424,
    "There is no such instance of Cloud SQL",
    "Enter the instance's connection name, as the console and this command show it.",
)
INSTANCE_FORBIDDEN = Kind(
    "instance_forbidden",
    424,
    "This service may not connect to the instance of Cloud SQL",
    "Give this service's account the role 'Cloud SQL Client' in the instance's project. Google "
    "says the same of projects that do not exist: check the name, too.",
)
INSTANCE_API_DISABLED = Kind(
    "instance_api_disabled",
    424,
    "The Cloud SQL Admin API is not enabled",
    "Have the API enabled, and test again after a few minutes.",
)
INSTANCE_UNAVAILABLE = Kind(
    "instance_unavailable",
    424,
    "The instance of Cloud SQL could not be looked up",
    "Try again in a minute. If it lasts, check that this machine reaches "
    "sqladmin.googleapis.com, and the quotas of the Cloud SQL Admin API.",
    transient=True,
)
INSTANCE_NOT_READY = Kind(
    "instance_not_ready",
    424,
    "The instance of Cloud SQL takes no connections",
    "It is probably stopped, or is being made or maintained. This command shows its state.",
    transient=True,
)
INSTANCE_WITHOUT_ADDRESS = Kind(
    "instance_without_address",
    424,
    "The instance of Cloud SQL has no address of that kind",
    "Choose another of its addresses, or have one added.",
)
SOURCE_TYPE_NOT_SERVED = Kind(
    "source_type_not_served",
    500,
    "This service does not read that kind of database",
    "Whoever runs this service installs it with what Google Cloud needs: pip install "
    "'headrace[cloud]'.",
)
CONNECTION_REFUSED = Kind(
    "connection_refused",
    424,
    "Nothing listens on that port",
    "Check the port (PostgreSQL's is usually 5432) and that the database is running and accepts "
    "connections from other machines.",
    transient=True,
)
CONNECTION_TIMED_OUT = Kind(
    "connection_timed_out",
    424,
    "The server did not answer in time",
    "A firewall usually drops the packets: allow this machine's address in the database's "
    "firewall or security group.",
    transient=True,
)
CONNECTION_RESET = Kind(
    "connection_reset",
    424,
    "The connection was accepted and ended at once",
    "A proxy or load balancer usually stands there: check that the database behind it runs, and "
    "that this machine's address is on its list of those that may connect.",
    transient=True,
)
ANSWER_TOO_LONG = Kind(
    "answer_too_long",
    424,
    "The server sent more than a connection test takes",
    "No database sends that much unasked: check the host and the port.",
)
HOST_UNREACHABLE = Kind(
    "host_unreachable",
    424,
    "There is no route to the server",
    "Check that this machine is in the network, or the VPN, of the database.",
    transient=True,
)
CONNECTION_LOST = Kind(
    "connection_lost",
    424,
    "The connection to the database broke",
    "Try again. If it happens again, look in the database's log for a restart or a time-out.",
    transient=True,
)
PROTOCOL_UNEXPECTED = Kind(
    "protocol_unexpected",
    424,
    "Something answers there, but not this kind of database",
    "Check the port, and that the database type is the right one.",
)
DATABASE_TYPE_WRONG = Kind(
    "database_type_wrong",
    424,
    "Another kind of database answers there",
    "Choose the type of the database that answers, or enter another host or port.",
)
TLS_NOT_OFFERED = Kind(
    "tls_not_offered",
    424,
    "The server does not offer TLS",
    "Have whoever runs the database turn TLS on (ssl = on in PostgreSQL, ssl_cert and ssl_key in "
    "MySQL and MariaDB). Only inside a network that you trust, choose the TLS mode 'disable'.",
)
TLS_REQUIRED = Kind(
    "tls_required",
    424,
    "The server lets nobody in without TLS",
    "Choose the TLS mode 'verify-full', with the CA certificate of your database provider if it "
    "has one of its own.",
)
TLS_NOT_SPOKEN = Kind(
    "tls_not_spoken",
    424,
    "The server agreed to TLS, and then spoke something else",
    "Check the host and the port: a proxy or another service probably answers there.",
)
TLS_SELF_SIGNED = Kind(
    "tls_self_signed",
    424,
    "Nobody but the server itself vouches for its certificate",
    "Have whoever runs the database send you the certificate's file (its setting ssl_cert_file in "
    "PostgreSQL, ssl_cert in MySQL and MariaDB), and give it as the CA certificate. Its "
    "fingerprint should be the one shown here.",
)
TLS_UNTRUSTED = Kind(
    "tls_untrusted",
    424,
    "The server's certificate is signed by an unknown authority",
    "Give the certificate authority's file of your database provider as the CA certificate.",
)
TLS_NAME_WRONG = Kind(
    "tls_name_wrong",
    424,
    "The server's certificate is for another name",
    "Enter the name that the certificate is for, if that is your database's. If you reach it by "
    "another name on purpose, choose the TLS mode 'verify-ca' and give its authority's file as "
    "the CA certificate.",
)
TLS_EXPIRED = Kind(
    "tls_expired",
    424,
    "The server's certificate has expired",
    "Have whoever runs the database renew the certificate. If it is valid still, set this "
    "machine's clock.",
)
TLS_NOT_YET_VALID = Kind(
    "tls_not_yet_valid",
    424,
    "The server's certificate is not valid yet",
    "Set the clock of whichever machine is wrong: this one, or the one that made the certificate. "
    "If both are right, wait, or have the certificate made anew.",
)
TLS_TOO_OLD = Kind(
    "tls_too_old",
    424,
    "The server's encryption is no longer safe",
    "Have whoever runs the database turn TLS 1.2 or newer on (ssl_min_protocol_version in "
    "PostgreSQL, tls_version in MySQL and MariaDB), with a certificate of at least RSA 2048 and "
    "SHA-256.",
)
TLS_CLIENT_CERTIFICATE = Kind(
    "tls_client_certificate",
    424,
    "The server asks for a certificate of the client's own",
    "Headrace logs in with a password and has no such certificate. Have whoever runs the database "
    "let this user in without one (without clientcert in pg_hba.conf; REQUIRE SSL in place of "
    "REQUIRE X509 in MySQL and MariaDB).",
)
TLS_FAILED = Kind(
    "tls_failed",
    424,
    "The encrypted connection could not be made",
    "Look in the database's own log: it says why it ended the connection.",
)
PASSWORD_REJECTED = Kind(
    "password_rejected",
    424,
    "The user name or the password is wrong",
    "Enter the password again; check the user name with whoever runs the database.",
)
IAM_LOGIN_REFUSED = Kind(
    "iam_login_refused",
    424,
    "The database does not let this service's account in by IAM",
    "Have the account made a user of the instance, with the role 'Cloud SQL Instance User', and "
    "the instance's flag for logins by IAM turned on.",
)
LOGIN_NOT_PERMITTED = Kind(
    "login_not_permitted",
    424,
    "The database does not let this user in from here",
    "Have a line for this user, database and address added to pg_hba.conf, and its "
    "configuration reloaded.",
)
HOST_NOT_PERMITTED = Kind(
    "host_not_permitted",
    424,
    "The database lets nobody in from this address",
    "Have an account made for this user and this machine's address: CREATE USER "
    "'user'@'address' …;",
)
HOST_BLOCKED = Kind(
    "host_blocked",
    424,
    "The database has blocked this address after many failures",
    "Have the block lifted (FLUSH HOSTS; in MySQL 8.4 and newer: TRUNCATE TABLE "
    "performance_schema.host_cache), and max_connect_errors raised if it happens again.",
)
ACCOUNT_LOCKED = Kind(
    "account_locked",
    424,
    "The user's account is locked",
    "Have the account unlocked: ALTER USER … ACCOUNT UNLOCK;",
)
PASSWORD_EXPIRED = Kind(
    "password_expired",
    424,
    "The user's password has expired",
    "Have a new password set, then enter it here.",
)
LOGIN_METHOD_UNKNOWN = Kind(
    "login_method_unknown",
    424,
    "The database asks for a way of logging in that is not known here",
    "Have a line added to pg_hba.conf that lets this user in with scram-sha-256.",
)
PASSWORD_WITHHELD = Kind(
    "password_withheld",
    424,
    "The server asks for the password in clear text",
    "Choose the TLS mode 'verify-full', with the CA certificate of your database provider, so that "
    "only the right server can read it; or have pg_hba.conf ask for scram-sha-256 instead.",
)
POOLER_REFUSED = Kind(
    "pooler_refused",
    424,
    "A pooler in front of the database refuses the connection",
    "Check the user's name, the password and the name of the database: a pooler such as PgBouncer "
    "does not say which of them it refuses, but its log does.",
)
TOO_MANY_CONNECTIONS = Kind(
    "too_many_connections",
    424,
    "The database has no connection left",
    "Try again later, or have max_connections or the user's connection limit raised.",
    transient=True,
)
SERVER_NOT_READY = Kind(
    "server_not_ready",
    424,
    "The database is starting up or shutting down",
    "Try again in a minute.",
    transient=True,
)
DATABASE_NOT_FOUND = Kind(
    "database_not_found",
    424,
    "There is no such database on the server",
    "Check the name of the database; upper and lower case matter.",
)
DATABASE_NOT_PERMITTED = Kind(
    "database_not_permitted",
    424,
    "The user may not enter the database",
    "Check the name of the database, and have the right granted to enter it.",
)
DATABASE_CLOSED = Kind(
    "database_closed",
    424,
    "The database takes no connections",
    "Check the name of the database. If it is right, have it opened: "
    "ALTER DATABASE … ALLOW_CONNECTIONS true;",
)
DATABASE_BUSY = Kind(
    "database_busy",
    424,
    "The database can't take more now",
    "Try again in a few minutes. If it lasts, look at the quotas of BigQuery in the project.",
    transient=True,
)
DATABASE_ERROR = Kind(
    "database_error",
    424,
    "The database refused the statement",
    "Look the SQLSTATE up in the PostgreSQL manual, appendix A, and in the database's own log.",
)

# --- tables -----------------------------------------------------------------------------------

TABLE_NOT_FOUND = Kind(
    "table_not_found",
    424,
    "There is no such table",
    "It may have been dropped or renamed: list the tables again and choose anew.",
)
COLUMN_NOT_FOUND = Kind(
    "column_not_found",
    424,
    "There is no such column",
    "It may have been dropped or renamed: describe the table again and choose anew.",
)
DECIMAL_NOT_TAKEN = Kind(
    "decimal_not_taken",
    424,
    "A decimal type was chosen for a column that has no need of one",
    "Take the column out of decimal_columns: only numbers without precision, and those of more "
    "than 38 digits, take a choice.",
)
TABLE_EMPTY_OF_COLUMNS = Kind(
    "table_empty_of_columns",
    424,
    "The table has no columns",
    "Leave the table out of the selection: there is nothing to take.",
)
PERMISSION_DENIED = Kind(
    "permission_denied",
    424,
    "The user may not read the table",
    "Have the right granted: 'headrace grants' writes the statements for an administrator.",
)
VIEW_INVALID = Kind(
    "view_invalid",
    424,
    "The view can't be read by anybody",
    "Have the view mended: what it reads was dropped or renamed, or the user who made it was "
    "removed or may no longer read it.",
)
TABLE_CHANGED = Kind(
    "table_changed",
    424,
    "The table was changed after the run began",
    "Start the run again: it reads the table as it is now. Truncate, alter and rewrite tables "
    "while no run is under way.",
    transient=True,
)
TABLE_LOCKED = Kind(
    "table_locked",
    424,
    "Another session holds a lock on the table",
    "Try again when the other session has ended its work, such as an ALTER TABLE or a VACUUM FULL.",
    transient=True,
)
RECOVERY_CONFLICT = Kind(
    "recovery_conflict",
    424,
    "The replica cancelled the read for its primary's changes",
    "Start the run again while little is changed, or have hot_standby_feedback turned on, on the "
    "replica, or max_standby_streaming_delay raised there.",
    transient=True,
)
STATEMENT_TIMED_OUT = Kind(
    "statement_timed_out",
    424,
    "The database ended the statement because it took too long",
    "Raise statement_timeout for this user: ALTER ROLE … SET statement_timeout = 0;",
    transient=True,
)

CURSOR_NOT_USABLE = Kind(
    "cursor_not_usable",
    409,
    "Rows can't be taken by that cursor",
    "Choose a column that grows with each change: a time such as updated_at, a date, a whole "
    "number or an ordered text such as a ULID; or choose the mode 'full'.",
)
FILTER_NOT_USABLE = Kind(
    "filter_not_usable",
    409,
    "Rows can't be chosen by that condition",
    "Write the value as the database writes those of the column, bytes in hexadecimal; or choose "
    "another column or comparison.",
)
KEY_NOT_USABLE = Kind(
    "key_not_usable",
    409,
    "Rows can't be told apart",
    "Choose as key columns that a primary key or a unique index keeps unique; or choose the mode "
    "'append', or 'full'.",
)

# --- extraction -------------------------------------------------------------------------------

VALUE_NOT_CARRIED = Kind(
    "value_not_carried",
    424,
    "A value does not fit its column's type in the destination",
    "Choose for the column what is to become of such values: 'null' replaces them by NULL and "
    "counts them, 'text' carries the column as text. Or correct them in the source. A preflight "
    "of the table looks for such values in all columns at once.",
)
VALUE_TOO_LARGE = Kind(
    "value_too_large",
    424,
    "There is not enough memory for a value",
    "Leave the column out of the selection, or give the job more memory: it needs several times "
    "the size of the largest row.",
)
CHECKPOINT_MOVED = Kind(
    "checkpoint_moved",
    409,
    "The destination holds other rows than when the run began",
    "Start the run again: it begins where the destination stands now.",
    transient=True,
)
DATABASE_CHANGED = Kind(
    "database_changed",
    409,
    "The rows of the destination come from another database",
    "Connect to the database of before. If the table shall hold this one's rows instead, bring it "
    "from the start ('headrace sources resync', or one run of mode 'full'). If it is the same one, "
    "moved or upgraded with all of its rows, say so ('headrace sources moved').",
)
SCHEMA_CHANGED = Kind(
    "schema_changed",
    409,
    "The source's columns are not those that the destination has",
    "Let the source's drift policy be 'add', which takes new columns and wider types; for a column "
    "whose type has become another one, bring the table anew from the start.",
)
MODE_NOT_SUPPORTED = Kind(
    "mode_not_supported",
    409,
    "The destination can't do this with a table",
    "Choose another mode for the table: 'full' is possible everywhere.",
)
LAYOUT_NOT_POSSIBLE = Kind(
    "layout_not_possible",
    409,
    "The table can't be partitioned or clustered like this",
    "Choose other columns, or leave it out: the table's description says what each column may do "
    "in this destination ('layouts'), if it parts tables at all.",
)
BACKFILL_NOT_POSSIBLE = Kind(
    "backfill_not_possible",
    409,
    "The past range can't be taken again",
    "Bring the table anew from the start (headrace sources resync); or choose the mode 'merge', by "
    "which any range can be taken again.",
)
ROWS_DISAGREE = Kind(
    "rows_disagree",
    500,
    "The numbers of rows do not agree",
    "Nothing was published. Start the run again and report it if it happens again.",
)
DIGESTS_DISAGREE = Kind(
    "digests_disagree",
    500,
    "The values do not agree with those of the source",
    "Nothing was published. Start the run again; if it happens again, report it with the name and "
    "the type of the column.",
)
DESTINATION_FULL = Kind(
    "destination_full",
    507,
    "The destination has no room left",
    "Free some room or choose another disk, then start the run again.",
)
DESTINATION_LOCKED = Kind(
    "destination_locked",
    503,
    "Another process holds the destination",
    "Close the program that has the DuckDB file open, then start the run again.",
    transient=True,
)
DESTINATION_UNREADABLE = Kind(
    "destination_unreadable",
    500,
    "The destination can't be read",
    "Restore the destination from a backup, or move it away to begin anew.",
)
DESTINATION_UNAVAILABLE = Kind(
    "destination_unavailable",
    503,
    "The destination can't be reached or written",
    "Check that the directory exists and may be written, or on Google Cloud that BigQuery and "
    "Cloud Storage can be reached, then start the run again.",
    transient=True,
)
DESTINATION_BUSY = Kind(
    "destination_busy",
    503,
    "The destination can't take more now",
    "Try again in a few minutes. If it lasts, look at the quotas of BigQuery and of Cloud Storage "
    "in the project.",
    transient=True,
)
DESTINATION_FORBIDDEN = Kind(
    "destination_forbidden",
    500,
    "This service may not use the destination",
    "Give the service's account the right to the datasets, to BigQuery's jobs and to the bucket of "
    "staged files; which service needs which is in the deployment's Terraform.",
)
DESTINATION_MISSING = Kind(
    "destination_missing",
    500,
    "There is no such destination",
    "Check the project, the dataset and the bucket that HEADRACE_DESTINATION names. The bucket of "
    "staged files has to exist; it is never made on the way.",
)
DESTINATION_CONFLICT = Kind(
    "destination_conflict",
    409,
    "The destination's table belongs to something else",
    "Give the source another dataset, or the table another destination name. If it belongs to a "
    "source that was deleted, delete that source once more: this lets its tables go.",
)
STAGING_CORRUPTED = Kind(
    "staging_corrupted",
    500,
    "A staged file is not what was written",
    "Check the disk. Start the run again: the files are written anew.",
    transient=True,
)
COLUMNS_CLASH = Kind(
    "columns_clash",
    409,
    "Two columns would have the same name in the destination",
    "Upper and lower case make no difference there: select one of the columns, or give one "
    "another name in a view.",
)
COLUMN_NAME_REFUSED = Kind(
    "column_name_refused",
    409,
    "The destination can't call a column so",
    "Leave the column out of the selection, or give it another name in a view.",
)
TYPE_NOT_CARRIED = Kind(
    "type_not_carried",
    500,
    "The destination has no type for a column",
    "Leave the column out of the selection, or choose another destination.",
)
