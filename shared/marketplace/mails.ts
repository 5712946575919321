import { defineMail } from '../contract/mails.ts';

export const welcomePending = defineMail({
  id: 'welcome-pending',
  description:
    'To the owner in place of `welcome`, when AWS has not yet said that the subscription is active',
  about: 'service',
  params: {},
  action: '/',
  words: {
    en: {
      subject: 'Welcome to {product}',
      paragraphs: [
        'Your account for {company} is made. AWS Marketplace is still activating your subscription, which usually takes a few minutes.',
        'Next: you can sign in now. You will get another mail as soon as your subscription is active and your data can come in.',
        'If you did not open this account, answer this mail: we will close it.',
      ],
      button: 'Sign in',
    },
    es: {
      subject: 'Le damos la bienvenida a {product}',
      paragraphs: [
        'Su cuenta para {company} está creada. AWS Marketplace todavía está activando su suscripción; suele tardar unos minutos.',
        'Próximos pasos: ya puede iniciar sesión. Recibirá otro correo en cuanto su suscripción esté activa y puedan entrar sus datos.',
        'Si usted no abrió esta cuenta, responda a este correo y la cerraremos.',
      ],
      button: 'Iniciar sesión',
    },
    ru: {
      subject: 'Добро пожаловать в {product}',
      paragraphs: [
        'Учётная запись для {company} создана. AWS Marketplace ещё активирует вашу подписку, обычно это занимает несколько минут.',
        'Что дальше: войти можно уже сейчас. Мы пришлём ещё одно письмо, когда подписка станет активной и можно будет передавать данные.',
        'Если вы не открывали эту учётную запись, ответьте на это письмо, и мы её закроем.',
      ],
      button: 'Войти',
    },
  },
});

export const subscriptionActivated = defineMail({
  id: 'subscription-activated',
  description:
    'To the owners, when a tenant can be used that could not: its license became active, or an operator restored it',
  about: 'service',
  params: {},
  action: '/',
  words: {
    en: {
      subject: 'Your subscription to {product} is active',
      paragraphs: [
        'Your subscription for {company} is active, and your data is open to your team and your systems.',
      ],
      button: 'Open {product}',
    },
    es: {
      subject: 'Su suscripción a {product} está activa',
      paragraphs: [
        'Su suscripción para {company} está activa y sus datos están a disposición de su equipo y de sus sistemas.',
      ],
      button: 'Abrir {product}',
    },
    ru: {
      subject: 'Ваша подписка на {product} активна',
      paragraphs: [
        'Подписка для {company} активна, данные доступны вашей команде и вашим системам.',
      ],
      button: 'Открыть {product}',
    },
  },
});

export const subscriptionEnded = defineMail({
  id: 'subscription-ended',
  description: 'To the owners, when the last license of a tenant has ended and it is suspended',
  about: 'service',
  params: {},
  action: '/',
  words: {
    en: {
      subject: 'Your subscription to {product} has ended',
      paragraphs: [
        'AWS Marketplace told us that the subscription for {company} has ended. The account is suspended: your systems can no longer send or read data.',
        'Nothing is deleted. You can still sign in to see your subscription and export your data.',
        'To go on, subscribe again on AWS Marketplace and choose Set up your account there.',
      ],
      button: 'See your subscription',
    },
    es: {
      subject: 'Su suscripción a {product} ha terminado',
      paragraphs: [
        'AWS Marketplace nos comunicó que la suscripción para {company} ha terminado. La cuenta está suspendida: sus sistemas ya no pueden enviar ni leer datos.',
        'No se ha borrado nada. Puede seguir iniciando sesión para ver su suscripción y exportar sus datos.',
        'Para continuar, suscríbase de nuevo en AWS Marketplace y elija allí Set up your account.',
      ],
      button: 'Ver la suscripción',
    },
    ru: {
      subject: 'Ваша подписка на {product} закончилась',
      paragraphs: [
        'AWS Marketplace сообщил, что подписка для {company} закончилась. Учётная запись приостановлена: ваши системы больше не могут передавать и читать данные.',
        'Ничего не удалено. Вы по-прежнему можете войти, посмотреть подписку и выгрузить данные.',
        'Чтобы продолжить, оформите подписку на AWS Marketplace ещё раз и выберите там Set up your account.',
      ],
      button: 'Посмотреть подписку',
    },
  },
});

export const tenantHeld = defineMail({
  id: 'tenant-held',
  description: 'To the owners, when an operator suspends a tenant',
  about: 'service',
  params: {},
  words: {
    en: {
      subject: 'Your {product} account is suspended',
      paragraphs: [
        'We have suspended the account for {company}: your systems can no longer send or read data.',
        'Nothing is deleted. Answer this mail to find out why, and what is to be done.',
      ],
    },
    es: {
      subject: 'Su cuenta de {product} está suspendida',
      paragraphs: [
        'Hemos suspendido la cuenta para {company}: sus sistemas ya no pueden enviar ni leer datos.',
        'No se ha borrado nada. Responda a este correo para saber el motivo y qué hay que hacer.',
      ],
    },
    ru: {
      subject: 'Ваша учётная запись {product} приостановлена',
      paragraphs: [
        'Мы приостановили учётную запись для {company}: ваши системы больше не могут передавать и читать данные.',
        'Ничего не удалено. Ответьте на это письмо, чтобы узнать причину и что нужно сделать.',
      ],
    },
  },
});

export const trialEnding = defineMail({
  id: 'trial-ending',
  description: 'To the owners, three days before a free trial ends',
  about: 'service',
  params: { ends_at: 'date', license_id: 'text' },
  action: '/',
  words: {
    en: {
      subject: 'Your free trial of {product} ends on {ends_at}',
      paragraphs: [
        'The free trial of {company} ends on {ends_at}. What happens then is what you agreed to on AWS Marketplace.',
        'You see and change your subscription on AWS Marketplace, under Manage subscriptions.',
      ],
      button: 'See your subscription',
    },
    es: {
      subject: 'Su prueba gratuita de {product} termina el {ends_at}',
      paragraphs: [
        'La prueba gratuita de {company} termina el {ends_at}. Lo que ocurra después es lo que acordó en AWS Marketplace.',
        'Puede ver y cambiar su suscripción en AWS Marketplace, en Manage subscriptions.',
      ],
      button: 'Ver la suscripción',
    },
    ru: {
      subject: 'Бесплатный период {product} закончится {ends_at}',
      paragraphs: [
        'Бесплатный период {company} закончится {ends_at}. Что будет дальше, определяют условия, принятые вами на AWS Marketplace.',
        'Посмотреть и изменить подписку можно на AWS Marketplace, в разделе Manage subscriptions.',
      ],
      button: 'Посмотреть подписку',
    },
  },
});

export const eventsParked = defineMail({
  id: 'events-parked',
  description:
    'To the operator, once a day, while events of agreements have waited for a registration for more than a day',
  about: 'service',
  params: { count: 'number' },
  words: {
    en: {
      subject: '{product}: purchases without a registration: {count}',
      paragraphs: [
        'AWS Marketplace told of agreements more than a day ago for which no buyer has registered. Agreements: {count} (100 are the most that are counted).',
        'Usually the buyer has not chosen Set up your account yet, and has to be told. See them with: npm run operator -- agreements parked.',
      ],
    },
    es: {
      subject: '{product}: compras sin registro: {count}',
      paragraphs: [
        'AWS Marketplace comunicó hace más de un día acuerdos para los que ningún comprador se ha registrado. Acuerdos: {count} (se cuentan 100 como máximo).',
        'Lo habitual es que el comprador aún no haya elegido Set up your account y haya que avisarle. Véalos con: npm run operator -- agreements parked.',
      ],
    },
    ru: {
      subject: '{product}: покупки без регистрации: {count}',
      paragraphs: [
        'Более суток назад AWS Marketplace сообщил о соглашениях, по которым никто не зарегистрировался. Соглашений: {count} (считается не больше 100).',
        'Обычно покупатель ещё не выбрал Set up your account, и ему нужно об этом сказать. Посмотреть: npm run operator -- agreements parked.',
      ],
    },
  },
});
