// Well-known programs and images: what they are, and on which ports they serve pages.

/// A program that is known by its name.
struct Software {
    enum Kind {
        /// Starts what is named behind it: an interpreter, a shell, a runner of scripts.
        case runner
        /// A development server of a front end.
        case frontEnd
        /// A framework or server whose applications render pages.
        case rendering
        /// A framework or server for applications of any sort.
        case server
        case api
        /// An HTTP API that is a product of its own: a search engine, a model server.
        case engine
        case proxy
        /// Made for people who look into something.
        case tool
        case docs
        /// An application that brings its own pages.
        case application
        case realtime
        /// Speaks no HTTP, but for the ports that serve pages.
        case mute
        case worker
        case test
        /// An editor, its helpers, a debugger, a build daemon.
        case helper
        /// A program of the desktop or the system that listens for itself.
        case desktop
    }

    let kind: Kind
    /// Ports that serve pages, the best first; empty when they are nothing particular.
    var pages: [UInt16] = []
    /// Ports that do not, beyond those that `Ports` knows.
    var others: [UInt16] = []
}

extension Software {
    static func known(_ name: String) -> Software? { table[name] }

    /// Pages about the program itself, of programs that are there to serve others.
    static let ownPages: [String: UInt16] = [
        "traefik": 8080, "haproxy": 8404, "envoy": 9901, "kong": 8002, "nginxproxymanager": 81,
    ]

    /// By the words of the name written together.
    private static let table: [String: Software] = {
        var table: [String: Software] = [:]
        for (kind, names) in plain {
            for name in names.split(separator: " ") { table[String(name)] = Software(kind: kind) }
        }
        for (name, kind, pages, others) in withPorts {
            table[name] = Software(kind: kind, pages: pages, others: others)
        }
        return table
    }()

    private static let plain: [(Kind, String)] = [
        (.runner, "node nodejs python python2 python3 ruby php java deno bun perl dotnet sh bash"),
        (
            .runner,
            "zsh dash fish ash tini dumbinit sinit catatonit npm npx pnpm pnpx yarn bunx tsx tsnode"
        ),
        (.runner, "tsnodedev nodemon poetry uv pipenv pdm bundle doppler dotenv dotenvx env exec"),
        (.runner, "sudo nice time concurrently turbo nx rake make cargo mix go air watchexec entr"),
        (.runner, "dockerentrypointsh entrypointsh dockerentrypoint entrypoint"),
        (.runner, "s6svscan supervisord pm2 foreman overmind hivemind honcho gosu suexec"),
        (.runner, "dockerphpentrypoint crossenv npmrunall swc esrun jiti babelnode"),
        (.runner, "beamsmp beam erl elixir rackup waitforit"),
        (.frontEnd, "vite nextserver next nuxt nuxi astro ng webpack webpackdevserver wds"),
        (
            .frontEnd,
            "reactscripts vuecliservice remix remixserve reactrouter sveltekit gatsby parcel"
        ),
        (
            .frontEnd,
            "trunk rsbuild rspack farm snowpack qwik solidstart vinxi waku wmr craco ember"
        ),
        (
            .frontEnd,
            "rollup livereload liveserver browsersync httpserver serve hugo jekyll eleventy"
        ),
        (.frontEnd, "zola pelican gridsome hexo expo umi max preact stencil elmlive fresh"),
        (
            .rendering,
            "phps managepy rails puma unicorn thin passenger falcon artisan symfony phoenix"
        ),
        (.rendering, "flask streamlit gradio drupal wordpress laraveltest frankenphp phpfpm"),
        (.rendering, "wagtail django hanami meteor meteortool sinatra nginxphp apachephp"),
        (.server, "gunicorn uwsgi granian waitress waitressserve mod_wsgi tomcat catalina jetty"),
        (.server, "httpd apache2 wildfly payara"),
        (.api, "uvicorn hypercorn daphne fastapi nest nestjs sanic litestar robyn strawberry"),
        (.api, "jsonserver"),
        (
            .docs,
            "storybook startstorybook sb styleguidist ladle histoire mkdocs docusaurus vitepress"
        ),
        (.docs, "sphinxautobuild mdbook swaggerui redoc docsify mintlify redocly slidev"),
        (
            .tool,
            "prisma prismastudio drizzlekit drizzlestudio rediscommander redisinsight mongoexpress"
        ),
        (
            .tool,
            "pgweb cloudbeaver dbgate sqlpad phpmyadmin adminer pgadmin4 pgadmin flower bullboard"
        ),
        (.tool, "tensorboard mlflow kafkaui akhq kafdrop dozzle portainer sqliteweb spotlight"),
        (.tool, "rqdashboard asynqmon buggregator sidekiqweb"),
        (.mute, "postgres postgresql postgis postgresqlrepmgr timescaledb timescaledbha pgvector"),
        (
            .mute,
            "pgbouncer pgpool mysql mysqld mariadb mariadbd perconaserver mongo mongod mongodb"
        ),
        (
            .mute,
            "redis redisserver redisstack redisstackserver valkey valkeyserver keydb dragonfly"
        ),
        (.mute, "memcached kafka cpkafka zookeeper cassandra scylla mssql sqlservr mssqlserver"),
        (
            .mute,
            "oraclexe mosquitto beanstalkd etcd sshd dnsmasq unbound named coredns exim4 postfix"
        ),
        (.mute, "master dovecot slapd openldap vsftpd smbd nmbd rpcbind postgresql16 fluentd"),
        (.mute, "fluentbit vector statsd pgbackrest sqlserver cockroach tidb ydb garnet kvrocks"),
        (
            .worker,
            "celery sidekiq resque rq dramatiq huey queuework horizon bullmq arq temporalworker"
        ),
        (.worker, "queue schedule delayedjob goodjob solidqueue faktory agenda quartz"),
        (.engine, "postgrest postgraphile vllm llamacpp tgi triton textgeneration"),
        (.realtime, "anycablego soketi centrifugo mercure reverb socketio laravelechoserver"),
        (.test, "vitest jest cypress playwright karma mocha wdio testcafe pytest rspec"),
        (.helper, "gopls rustanalyzer clangd pyright pyrightlangserver pylsp jdtls tsserver"),
        (.helper, "sourcekitlsp solargraph rubylsp intelephense phpactor lualanguageserver"),
        (.helper, "eslintserver copilot copilotagent languageserver debugpy dlv delve lldb gdb"),
        (
            .helper,
            "gdbserver lldbserver rdbg xdebug jdb vscode code codeserver codeinsiders cursor"
        ),
        (
            .helper,
            "codehelper windsurf zed idea idea64 webstorm pycharm goland rider clion rubymine"
        ),
        (.helper, "phpstorm fleet nvim vim emacs esbuild turbod watchman bazel gradledaemon"),
        (
            .helper,
            "gradle kotlincompiledaemon dockerproxy rootlesskit slirp4netns vpnkit gvproxy rootlessport orbstack limactl"
        ),
        (.helper, "ssh adb dartvm dart flutter metro processchild jestworker forktschecker"),
        (.helper, "eslint prettierd biome taplo volar vueserver tailwindcss tailwindserver"),
        (
            .helper,
            "netcoredbg vsdbg omnisharp roslyn metals scalals bloop hls ocamllsp zls nil nixd"
        ),
        (.helper, "kotlinls kotlinlanguageserver elixirls lexical erlangls terraformls docker"),
        (.helper, "dockerd containerd conmon podman lima colima qemu vmnetd comdockerbackend"),
        (.helper, "kubectl socat aardvarkdns pasta passt limahostagent otelcol"),
        (.helper, "chrome chromium googlechrome firefox msedge brave chromedriver geckodriver"),
        (.desktop, "spotify dropbox kdeconnectd cupsbrowsed avahidaemon rapportd controlcenter"),
        (
            .desktop,
            "controlce sharingd figmaagent slack discord zoom teams skype steam signal telegram"
        ),
        (.desktop, "telegramdesktop thunderbird 1password bitwarden nordvpn tailscaled tailscale"),
        (
            .desktop,
            "systemd systemdresolve systemdresolved dbusdaemon pipewire pulseaudio gnomeshell"
        ),
        (
            .desktop,
            "rygel minidlna vlc obs onedrive googledrive nextclouddesktop notion logioptionsplus"
        ),
        (
            .desktop,
            "adobe creativecloud raycast loom grammarly jetbrainstoolbox launchd mdnsresponder"
        ),
        (
            .desktop,
            "identityservices airplayuiagent airplayxpchelper remotingd wineserver xrdp vnc"
        ),
        (.desktop, "vncserver x11vnc wayvnc xorg teamviewerd anydesk rustdesk barrier synergy"),
    ]

    private static let withPorts: [(String, Kind, [UInt16], [UInt16])] = [
        ("nginx", .proxy, [80, 8080], []), ("nginxunprivileged", .proxy, [8080], []),
        ("openresty", .proxy, [80], []), ("caddy", .proxy, [80], [2019]),
        ("traefik", .proxy, [80], []), ("haproxy", .proxy, [80], []),
        ("envoy", .proxy, [80], []), ("kong", .proxy, [8000], [8001, 8444]),
        ("apisix", .proxy, [9080], []), ("nginxproxymanager", .proxy, [80], []),
        ("nginxproxy", .proxy, [80], []), ("varnish", .proxy, [80], []),
        ("squid", .mute, [], []), ("httpd", .server, [80], []),
        ("mailhog", .tool, [8025], [1025]), ("mailpit", .tool, [8025], [1025, 1110]),
        ("mailcatcher", .tool, [1080], [1025]), ("maildev", .tool, [1080], [1025]),
        ("inbucket", .tool, [9000], [2500, 1100]), ("smtp4dev", .tool, [80, 5000], [25, 143]),
        ("greenmail", .tool, [8080], [3025, 3110, 3143]), ("papercut", .tool, [80, 8080], [25]),
        ("mailslurper", .tool, [8080], [2500, 8085]),
        ("rabbitmq", .mute, [15672], []), ("rabbitmqserver", .mute, [15672], []),
        ("activemq", .mute, [8161], []), ("activemqartemis", .mute, [8161], []),
        ("emqx", .mute, [18083], []), ("nats", .mute, [8222], []),
        ("natsserver", .mute, [8222], []), ("pulsar", .mute, [8080], []),
        ("redpanda", .mute, [], []), ("redpandaconsole", .tool, [8080], []),
        ("minio", .tool, [9001, 9000], []), ("neo4j", .mute, [7474], []),
        ("influxdb", .tool, [8086], []), ("clickhouse", .mute, [8123], []),
        ("clickhouseserver", .mute, [8123], []), ("couchdb", .tool, [5984], []),
        ("arangodb", .tool, [8529], []), ("rethinkdb", .mute, [8080], [28015, 29015]),
        ("cockroachdb", .mute, [8080], [26257]), ("surrealdb", .tool, [8000], []),
        ("redisstack", .mute, [8001], []), ("elasticsearch", .engine, [9200], [9300]),
        ("opensearch", .engine, [9200], [9300, 9600]), ("kibana", .tool, [5601], []),
        ("opensearchdashboards", .tool, [5601], []), ("logstash", .mute, [], []),
        ("meilisearch", .engine, [7700], []), ("typesense", .engine, [8108], [8107]),
        ("solr", .tool, [8983], []), ("qdrant", .engine, [6333], [6334, 6335]),
        ("weaviate", .engine, [8080], [50051]), ("chroma", .engine, [8000], []),
        ("milvus", .mute, [9091], []), ("grafana", .tool, [3000], []),
        ("grafanaserver", .tool, [3000], []), ("grafanaoss", .tool, [3000], []),
        ("prometheus", .tool, [9090], []), ("alertmanager", .tool, [9093], [9094]),
        ("loki", .engine, [3100], [9095]), ("tempo", .engine, [3200], [4317, 4318]),
        ("jaeger", .tool, [16686], [14250, 14268, 14269, 4317, 4318, 5778, 9411, 6831]),
        ("jaegerallinone", .tool, [16686], [14250, 14268, 14269, 4317, 4318, 5778, 9411]),
        ("allinone", .tool, [16686], [14250, 14268, 14269, 4317, 4318, 5778, 9411]),
        ("zipkin", .tool, [9411], []), ("consul", .tool, [8500], [8300, 8301, 8302, 8600, 8502]),
        ("vault", .tool, [8200], [8201]), ("nomad", .tool, [4646], [4647, 4648]),
        ("keycloak", .tool, [8080], [9000, 7800, 8443]),
        ("authentik", .tool, [9000], [9443, 9300]),
        ("zitadel", .tool, [8080], []), ("dex", .engine, [5556], [5557, 5558]),
        ("hydra", .engine, [4444], [4445]), ("kratos", .engine, [4433], [4434]),
        ("localstack", .engine, [4566], []), ("temporal", .mute, [8233], [7233]),
        ("temporalui", .tool, [8080], []), ("autosetup", .mute, [], [7233]),
        ("hasura", .tool, [8080], []), ("graphqlengine", .tool, [8080], []),
        ("ollama", .engine, [11434], []), ("lmstudio", .engine, [1234], []),
        ("llamaserver", .engine, [8080], []), ("litellm", .engine, [4000], []),
        ("openwebui", .application, [8080], []), ("n8n", .tool, [5678], []),
        ("syncthing", .tool, [8384], [22000, 21027]), ("ngrok", .tool, [4040], []),
        ("cupsd", .tool, [631], []), ("jupyterlab", .application, [8888], []),
        ("jupyternotebook", .application, [8888], []), ("jupyter", .application, [8888], []),
        ("jupyterserver", .application, [8888], []), ("marimo", .application, [2718], []),
        ("directus", .application, [8055], []), ("strapi", .application, [1337], []),
        ("ghost", .application, [2368], []), ("gitea", .application, [3000], [22]),
        ("forgejo", .application, [3000], [22]), ("gitlab", .application, [80], [22]),
        ("gitlabce", .application, [80], [22]), ("jenkins", .application, [8080], [50000]),
        ("sonarqube", .application, [9000], []), ("nexus3", .application, [8081], []),
        ("metabase", .application, [3000], []), ("superset", .application, [8088], []),
        ("airflow", .application, [8080], [8793]), ("wordpress", .rendering, [80], []),
        ("drupal", .rendering, [80], []), ("nextcloud", .application, [80], []),
        ("homeassistant", .application, [8123], []),
        ("homeassistantcore", .application, [8123], []),
        ("vaultwarden", .application, [80], [3012]), ("posthog", .application, [8000], []),
        ("plausible", .application, [8000], []), ("umami", .application, [3000], []),
        ("outline", .application, [3000], []), ("mattermost", .application, [8065], []),
        ("pocketbase", .application, [8090], []), ("supabasestudio", .tool, [3000], []),
        ("phpmyadmin", .tool, [80], []), ("pgadmin4", .tool, [80, 5050], []),
        ("selenium", .test, [4444], [5900, 7900]), ("wiremock", .engine, [8080], []),
        ("mockserver", .engine, [1080], []), ("kafkaui", .tool, [8080], []),
        ("unleashserver", .application, [4242], []), ("flagd", .mute, [], [8013]),
        ("prefect", .tool, [4200], []), ("dagster", .tool, [3000], []),
        ("wrangler", .server, [8787], []), ("workerd", .helper, [], []),
        ("comfyui", .application, [8188], []), ("plex", .application, [32400], []),
        ("jellyfin", .application, [8096], []), ("portainerce", .tool, [9000], [8000, 9443]),
        ("registry", .engine, [5000], []), ("verdaccio", .application, [4873], []),
    ]
}
