// The official images of the message brokers.

/** The folder of the data, which is a volume of the image. */
export const REDIS_DATA = '/data';
export const RABBITMQ_DATA = '/var/lib/rabbitmq';
export const RABBITMQ_CONFIGURATION = '/etc/rabbitmq';

/** The minor release of RabbitMQ that is used where nothing else is said. */
export const RABBITMQ_IMAGE = 'rabbitmq:4.2';
