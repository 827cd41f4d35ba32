// The official images of the message brokers.

/** The folder of the data, which is a volume of the image. */
export const REDIS_DATA = '/data';
export const RABBITMQ_DATA = '/var/lib/rabbitmq';
/** The folder in it with the databases of nodes, which is all that has to be kept. */
export const RABBITMQ_DATABASES = `${RABBITMQ_DATA}/mnesia`;
export const RABBITMQ_CONFIGURATION = '/etc/rabbitmq';

/** The minor release of RabbitMQ that is used where nothing else is said. */
export const RABBITMQ_IMAGE = 'rabbitmq:4.2';
