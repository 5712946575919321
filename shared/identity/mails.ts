import { defineMail } from '../contract/mails.ts';

export const welcome = defineMail({
  id: 'welcome',
  description: 'To the owner, once, when a tenant can be used: what to do next',
  about: 'service',
  params: {},
  action: '/',
  words: {
    en: {
      subject: 'Welcome to {product}',
      paragraphs: [
        'Your account for {company} is ready. You are its owner and can use everything at once.',
        'Next: sign in with the email address that this mail went to, make an API key for what is to send data, and invite your team when they need access.',
        'If you did not open this account, answer this mail: we will close it.',
      ],
      button: 'Sign in',
    },
    es: {
      subject: 'Le damos la bienvenida a {product}',
      paragraphs: [
        'Su cuenta para {company} está lista. Usted es su propietario y puede usarlo todo desde ahora.',
        'Próximos pasos: inicie sesión con la dirección a la que llegó este correo, cree una clave de API para lo que vaya a enviar datos e invite a su equipo cuando necesite acceso.',
        'Si usted no abrió esta cuenta, responda a este correo y la cerraremos.',
      ],
      button: 'Iniciar sesión',
    },
    ru: {
      subject: 'Добро пожаловать в {product}',
      paragraphs: [
        'Учётная запись для {company} готова. Вы её владелец, и вам уже доступны все возможности.',
        'Что дальше: войдите с адресом, на который пришло это письмо, создайте ключ API для систем, которые будут отправлять данные, и пригласите коллег, когда им понадобится доступ.',
        'Если вы не открывали эту учётную запись, ответьте на это письмо, и мы её закроем.',
      ],
      button: 'Войти',
    },
  },
});
