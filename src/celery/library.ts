/**
 * The images of Docker's library: what a name without a registry and without a folder can be. Those of celery and django, which have not been built
 * since 2017, are nobody's any more.
 *
 * @see https://github.com/docker-library/official-images/tree/master/library
 */
const LIBRARY: ReadonlySet<string> = new Set(`
  adminer aerospike almalinux alpine alt amazoncorretto amazonlinux api-firewall arangodb archlinux backdrop bash bonita buildpack-deps
  busybox caddy cassandra centos chronograf cirros clearlinux clefos clickhouse clojure composer consul convertigo couchbase couchdb crate
  crux dart debian docker drupal eclipse-mosquitto eclipse-temurin eggdrop elasticsearch elixir emqx erlang euleros express-gateway fedora
  flink fluentd friendica gazebo gcc geonetwork ghost glassfish golang gradle groovy haproxy haskell haxe hello-world httpd hylang
  ibm-semeru-runtimes ibmjava influxdb iojs irssi java jenkins jetty jobber joomla jruby julia kapacitor kibana kong krakend lightstreamer
  liquibase logstash mageia mariadb matomo maven mediawiki memcached mono monica mongo mongo-express mysql nats nats-streaming neo4j
  neurodebian nextcloud nginx node notary nuxeo odoo open-liberty openjdk opensuse oraclelinux orientdb percona perl photon php phpmyadmin
  piwik plone postfixadmin postgres pypy python r-base rabbitmq rails rakudo-star redis redmine registry rethinkdb rocket.chat rockylinux ros
  ruby rust sapmachine satosa scratch sentry silverpeas sl solr sonarqube sourcemage spark spiped storm swarm swift swipl tarantool teamspeak
  telegraf thrax tomcat tomee traefik ubuntu unit valkey varnish vault websphere-liberty wordpress xwiki yourls znc zookeeper
`.trim().split(/\s+/));

/** Whether a reference is a bare name, as `shop:latest`, that Docker Hub does not have. */
export function isNowhere(text: string): boolean {
  const [, name] = /^([a-z0-9][a-z0-9._-]*)(?::[\w.-]+)?(?:@|$)/.exec(text) ?? [];
  return name !== undefined && !LIBRARY.has(name);
}
