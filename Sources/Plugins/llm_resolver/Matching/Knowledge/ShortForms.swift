// Short forms of names, and what people call programs by.

enum ShortForms {
    /// Names in one row mean the same.
    private static let rows = [
        "fe frontend front", "be backend back", "ws websocket socket", "db database",
        "doc documentation", "adm admin administration", "auth authentication authn",
        "gql graphql", "gw gateway", "sb storybook", "mq rabbitmq messagequeue", "img image",
        "cfg config configuration", "dash dashboard", "prom prometheus",
        "notif notification notify", "msg message messaging", "pay payment", "inv inventory",
        "mgmt management manage", "sched scheduler", "kc keycloak", "es elasticsearch",
        "pg postgres postgresql", "stats statistics", "mon monitoring", "acct account",
        "ctrl controller", "cust customer", "usr user", "org organization organisation",
        "wh webhook hook", "rt realtime", "rpt report reporting", "evt event", "wrk worker",
        "srv server", "cal calendar", "cat catalog catalogue", "fn function", "lb loadbalancer",
        "nb notebook", "am alertmanager", "graf grafana", "k8s kubernetes", "bo backoffice",
        "sub subscription", "sms textmessage", "txn transaction", "rec recommendation",
        "prod product", "ord order", "dl download", "up upload", "loc location",
        "i18n translation", "idp identityprovider", "pma phpmyadmin", "ob onboarding",
        "analytics analytic", "sim simulator", "viz visualization", "ml machinelearning",
    ]

    static let names: [String: [String]] = {
        var names: [String: [String]] = [:]
        for row in rows {
            let words = row.split(separator: " ").map(String.init)
            for word in words { names[word, default: []] += words.filter { $0 != word } }
        }
        return names
    }()

    /// What a program is for, and programs for it. Asked for by that word they are meant.
    static let purposes: [String: Set<String>] = [
        "mail": mail, "email": mail, "mails": mail, "inbox": mail, "smtp": mail, "mailer": mail,
        "webmail": mail, "mailbox": mail, "mailcatcher": mail,
        "dbadmin": tables, "dbui": tables, "sqladmin": tables,
        "tracing": tracing, "traces": tracing, "trace": tracing,
        "metrics": metrics, "monitoring": metrics, "mon": metrics,
        "search": search, "queue": queues, "mq": queues, "amqp": queues, "rabbit": queues,
        "s3": storage, "storage": storage, "sso": identity, "idp": identity, "auth": identity,
        "login": identity, "logs": logs, "notebook": notebooks, "nb": notebooks,
        "workflows": ["temporal", "n8n", "airflow"], "jupyter": notebooks,
        "pgadmin": ["pgadmin4"], "elastic": ["elasticsearch"], "docs": documents, "doc": documents,
        "meili": ["meilisearch"], "llm": models, "cms": contents,
    ]

    private static let mail: Set<String> = [
        "mailhog", "mailpit", "mailcatcher", "maildev", "inbucket", "smtp4dev", "papercut",
        "mailtrap", "greenmail", "mailslurper", "mailtutan", "mailer",
    ]
    private static let tables: Set<String> = [
        "adminer", "pgadmin", "pgadmin4", "phpmyadmin", "pgweb", "cloudbeaver", "mongoexpress",
        "dbgate", "sqlpad", "sqliteweb",
    ]
    private static let tracing: Set<String> = ["jaeger", "zipkin", "tempo", "jaegerallinone"]
    private static let metrics: Set<String> = ["grafana", "prometheus"]
    private static let search: Set<String> = [
        "meilisearch", "elasticsearch", "opensearch", "typesense", "solr", "zinc",
    ]
    private static let queues: Set<String> = ["rabbitmq"]
    private static let storage: Set<String> = ["minio", "seaweedfs", "garage", "localstack"]
    private static let identity: Set<String> = [
        "keycloak", "authentik", "authelia", "zitadel", "hydra", "dex", "kratos",
    ]
    private static let logs: Set<String> = ["kibana", "dozzle", "seq", "graylog"]
    private static let notebooks: Set<String> = [
        "jupyterlab", "jupyternotebook", "jupyter", "marimo",
    ]
    private static let documents: Set<String> = [
        "mkdocs", "docusaurus", "vitepress", "sphinxautobuild", "mdbook", "redoc", "mintlify",
    ]
    private static let models: Set<String> = ["ollama", "litellm", "vllm", "llamaserver"]
    private static let contents: Set<String> = [
        "strapi", "directus", "ghost", "wordpress", "drupal", "payload", "sanity",
    ]

    /// Roles that a word in front of a project's name asks for when nothing bears that very name.
    static let rolesByWord: [String: Set<Role>] = [
        "web": [.web, .rendered], "frontend": [.web], "front": [.web], "fe": [.web],
        "client": [.web], "ui": [.web], "app": [.web, .rendered], "site": [.web, .rendered],
        "website": [.web, .rendered], "webapp": [.web, .rendered], "spa": [.web],
        "api": [.api], "backend": [.api], "back": [.api], "be": [.api], "server": [.api],
        "srv": [.api], "rest": [.api], "ws": [.realtime], "websocket": [.realtime],
        "socket": [.realtime], "realtime": [.realtime],
        "admin": [.admin], "adm": [.admin], "backoffice": [.admin], "bo": [.admin],
        "proxy": [.proxy], "gateway": [.proxy], "gw": [.proxy], "lb": [.proxy],
    ]

    /// Words that mean nothing beside a number or the name of a project.
    static let fillers: Set<String> = [
        "app", "apps", "port", "localhost", "local", "dev", "server", "service", "site", "http",
        "web", "host", "project", "p",
    ]
}
